// Frames of the flight recorder, read as far as they can be, and each request beside its answer.
import type { Schemas } from "../../lib/api/client";

export type Frame = Schemas["FrameView"];
export type Kind = "request" | "reply" | "error" | "other";

export interface Read {
  frame: Frame;
  kind: Kind;
  action: string;
  messageId: string;
  payload: unknown;
}

export interface Exchange {
  key: string;
  at: string;
  direction: string;
  action: string;
  first: Read;
  answer: Read | null;
  took_ms: number | null;
  isError: boolean;
}

const KINDS: Record<number, Kind> = { 2: "request", 3: "reply", 4: "error", 5: "error", 6: "request" };

export function read(frame: Frame): Read {
  const text = frame.text.trimStart();
  return text.startsWith("<") ? readSoap(frame, text) : readJson(frame, text);
}

function readJson(frame: Frame, text: string): Read {
  const nothing: Read = {
    frame,
    kind: "other",
    action: "",
    messageId: frame.message_id ?? "",
    payload: null,
  };
  let parts: unknown;
  try {
    parts = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return nothing;
    throw error;
  }
  if (!Array.isArray(parts)) return nothing;
  const kind = KINDS[Number(parts[0])] ?? "other";
  const isRequest = kind === "request";
  return {
    frame,
    kind,
    action: isRequest ? String(parts[2]) : kind === "error" ? String(parts[2]) : "",
    messageId: String(parts[1]),
    payload: isRequest
      ? parts[3]
      : kind === "reply"
        ? parts[2]
        : { code: parts[2], description: parts[3], details: parts[4] },
  };
}

function readSoap(frame: Frame, text: string): Read {
  const body = /<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)/.exec(text)?.[1] ?? "";
  const isRequest = body.endsWith("Request");
  const id = (isRequest ? /<(?:\w+:)?MessageID[^>]*>([^<]+)</ : /<(?:\w+:)?RelatesTo[^>]*>([^<]+)</).exec(
    text,
  )?.[1];
  return {
    frame,
    kind: isRequest ? "request" : body === "Fault" ? "error" : "reply",
    action: isRequest ? upper(body.replace(/Request$/, "")) : body === "Fault" ? "Fault" : "",
    messageId: id ?? frame.message_id ?? "",
    payload: null,
  };
}

function upper(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Requests with their answers, the latest first. `frames` come the latest first as well. */
export function exchanges(frames: readonly Frame[]): Exchange[] {
  const open = new Map<string, Exchange>();
  const found: Exchange[] = [];
  for (const frame of frames.toReversed()) {
    const one = read(frame);
    const key = `${one.messageId} ${frame.direction === "in" ? "out" : "in"}`;
    const asked = one.kind === "reply" || one.kind === "error" ? open.get(key) : undefined;
    if (asked) {
      asked.answer = one;
      asked.took_ms = Date.parse(frame.at) - Date.parse(asked.at);
      asked.isError = one.kind === "error";
      open.delete(key);
      continue;
    }
    const exchange: Exchange = {
      key: frame.id,
      at: frame.at,
      direction: frame.direction,
      action: one.action,
      first: one,
      answer: null,
      took_ms: null,
      isError: one.kind === "error",
    };
    found.push(exchange);
    if (one.kind === "request") open.set(`${one.messageId} ${frame.direction}`, exchange);
  }
  return found.reverse();
}

export function pretty(one: Read): string {
  if (one.payload !== null && one.payload !== undefined) return JSON.stringify(one.payload, null, 2);
  return one.frame.text.replace(/></g, ">\n<");
}
