// Commands as the description of the REST interface tells them, and values for their fields.
import generated from "../../generated/commands.json";

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: string[];
  anyOf?: Schema[];
  default?: unknown;
}

const SCHEMAS = generated.schemas as unknown as Record<string, Schema>;
export const COMMANDS = generated.commands as Record<string, string>;

export function commandSchema(name: string): Schema {
  return SCHEMAS[COMMANDS[name] ?? ""] ?? {};
}

/** A schema without references and without "or null"; its default stays. */
export function resolved(schema: Schema): Schema {
  const { $ref, anyOf, ...rest } = schema;
  const target =
    anyOf?.find((each) => each.type !== "null") ?? ($ref ? SCHEMAS[$ref.split("/").at(-1) ?? ""] : undefined);
  if (!target) return schema;
  return resolved({ ...target, ...rest });
}

/** The fields of a group, those that must be filled in first. */
export function fieldsOf(schema: Schema): [name: string, schema: Schema][] {
  const fields = Object.entries(schema.properties ?? {});
  const isRequired = ([name]: [string, Schema]) => schema.required?.includes(name) ?? false;
  return [...fields.filter(isRequired), ...fields.filter((each) => !isRequired(each))];
}

export type Shape = "object" | "list" | "choice" | "yes_no" | "integer" | "time" | "text" | "json";

export function shapeOf(schema: Schema): Shape {
  if (schema.enum) return "choice";
  if (schema.type === "array") return "list";
  if (schema.type === "object") return schema.properties ? "object" : "json";
  if (schema.type === "boolean") return "yes_no";
  if (schema.type === "integer") return "integer";
  if (schema.type === "string" && schema.format === "date-time") return "time";
  return schema.type === "string" ? "text" : "json";
}

/** What is typed into a form: text in the leaves, as fields have it. */
export type Draft = string | Draft[] | { [name: string]: Draft };

export function emptyDraft(given: Schema): Draft {
  const schema = resolved(given);
  const shape = shapeOf(schema);
  if (shape === "object") {
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, each]) => [name, emptyDraft(each)]),
    );
  }
  if (shape === "list") return [];
  if (typeof schema.default === "string") return schema.default;
  return shape === "yes_no" ? "true" : "";
}

export class NotJson extends Error {
  constructor(readonly field: string) {
    super(field);
  }
}

/** What a draft means; undefined if nothing was filled in. Raises NotJson. */
export function meant(given: Schema, draft: Draft, field = "", isRequired = true): unknown {
  const schema = resolved(given);
  const shape = shapeOf(schema);
  if (Array.isArray(draft)) {
    const items = draft.map((each, index) => meant(schema.items ?? {}, each, `${field}[${index}]`));
    return items.length || isRequired ? items : undefined;
  }
  if (typeof draft === "object") return meantObject(schema, draft, field, isRequired);
  if (draft === "") return isRequired && shape === "text" ? "" : undefined;
  if (shape === "integer") return Number(draft);
  if (shape === "yes_no") return draft === "true";
  if (shape === "time") return new Date(draft).toISOString();
  return shape === "json" ? parsed(draft, field) : draft;
}

function meantObject(
  schema: Schema,
  draft: Record<string, Draft>,
  field: string,
  isRequired: boolean,
): unknown {
  const found: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(schema.properties ?? {})) {
    const inner = field ? `${field}.${name}` : name;
    const value = meant(each, draft[name] ?? "", inner, schema.required?.includes(name) ?? false);
    if (value !== undefined && value !== each.default) found[name] = value;
  }
  return isRequired || Object.keys(found).length ? found : undefined;
}

function parsed(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new NotJson(field);
    throw error;
  }
}
