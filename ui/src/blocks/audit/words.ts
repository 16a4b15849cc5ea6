import { dictionary, known } from "../../lib/i18n.svelte";
import de from "./words.de.json";
import en from "./words.en.json";

export const t = dictionary(en, de);
export const words: typeof en = en;

const ACTION = "a_";
const ACTIONS = Object.keys(en)
  .filter((key) => key.startsWith(ACTION))
  .map((key) => key.slice(ACTION.length));

/** What somebody did, by its name in the interface or on the command line. */
export const actionWord = (action: string) => known(t, words, ACTION, action);

/** The actions whose words contain a text. */
export function actionsLike(text: string): string[] {
  const wanted = text.toLocaleLowerCase();
  return ACTIONS.filter((each) => actionWord(each).toLocaleLowerCase().includes(wanted));
}
