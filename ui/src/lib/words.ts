import { dictionary } from "./i18n.svelte";
import de from "./words.de.json";
import en from "./words.en.json";

/** The words that every screen uses. */
export const t = dictionary(en, de);
export const words: typeof en = en;
