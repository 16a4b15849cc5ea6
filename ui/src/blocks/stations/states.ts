// The word for how a whole station is.
import { connectorWord } from "../../lib/kinds";
import { t, words } from "./words";

export function stateWord(state: string): string {
  const key = `state_${state}`;
  return key in words ? t(key as keyof typeof words) : connectorWord(state);
}
