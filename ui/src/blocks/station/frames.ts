// Frames of the flight recorder: each call beside its answer, as the server has paired them.
import type { Schemas } from "../../lib/api/client";

export type Frame = Schemas["FrameView"];

export interface Exchange {
  key: string;
  at: string;
  direction: string;
  action: string;
  first: Frame;
  answer: Frame | null;
  /** There is one, maybe on another page. */
  isAnswered: boolean;
  took_ms: number | null;
  isError: boolean;
}

/** Calls with their answers, the latest first. `frames` come the latest first as well. */
export function exchanges(frames: readonly Frame[]): Exchange[] {
  const byId = new Map(frames.map((each) => [each.id, each]));
  const isAnswer = (each: Frame) => each.kind === "result" || each.kind === "error";
  return frames
    .filter((each) => !(isAnswer(each) && each.pair_id && byId.has(each.pair_id)))
    .map((first) => {
      const answer = (isAnswer(first) ? undefined : byId.get(first.pair_id ?? "")) ?? null;
      return {
        key: first.id,
        at: first.at,
        direction: first.direction,
        action: first.action ?? answer?.action ?? "",
        first,
        answer,
        isAnswered: first.pair_id !== null,
        took_ms: answer && Date.parse(answer.at) - Date.parse(first.at),
        isError: first.kind === "error" || answer?.kind === "error",
      };
    });
}

/** The text of a frame, to be read by people. */
export function pretty(frame: Frame): string {
  const text = frame.text.trim();
  if (text.startsWith("<")) return text.replace(/></g, ">\n<");
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
