// What went wrong, as the server says it (RFC 9457), and by field where it is about a field.
export interface Fault {
  field: string;
  message: string;
}

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    readonly title: string,
    readonly detail: string,
    readonly faults: Fault[],
    readonly incident: string,
  ) {
    super(detail || title);
  }

  static async of(answer: Response): Promise<Problem> {
    const body = await bodyOf(answer);
    const kind =
      String(body.type ?? "")
        .split(":")
        .at(-1) ?? "";
    return new Problem(
      answer.status,
      kind,
      String(body.title ?? answer.statusText),
      String(body.detail ?? ""),
      Array.isArray(body.errors) ? body.errors : [],
      String(body.incident ?? ""),
    );
  }

  /** No answer came at all. */
  static unreachable(): Problem {
    return new Problem(0, "unreachable", "", "", [], "");
  }

  /** What is said about a field, or about a part of it. */
  about(field: string): string {
    return this.faults
      .filter(
        (each) =>
          each.field === field || each.field.startsWith(`${field}.`) || each.field.startsWith(`${field}[`),
      )
      .map((each) => each.message)
      .join(" ");
  }
}

async function bodyOf(answer: Response): Promise<Record<string, unknown>> {
  const isJson = answer.headers.get("content-type")?.includes("json");
  return isJson ? await answer.json() : {};
}

/** Any error as a problem; one of our own program goes on to the log of the browser. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  throw error;
}
