import { dictionary } from "../../lib/i18n.svelte";
import de from "./words.de.json";
import en from "./words.en.json";

export const t = dictionary(en, de);
export const words: typeof en = en;
