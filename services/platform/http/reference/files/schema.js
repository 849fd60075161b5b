// JSON Schema as lists of fields to read. What a document says becomes text and never markup.

export function h(name, given = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(given)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

// Text with `names` in it: what stands between backticks is code.
export const prose = (text) => (text ?? "").split("`").map((part, n) => (n % 2 ? h("code", {}, part) : part));

const DEEPEST = 6;

export function reader(whole) {
  const name = (schema) => schema.$ref?.split("/").pop();
  const resolved = (schema) => (schema?.$ref ? whole.components.schemas[name(schema)] ?? {} : schema ?? {});
  const options = (schema) => resolved(schema).anyOf ?? resolved(schema).oneOf;

  // In a word or two: `integer (1 to 200)`, `array of Team`, `"a" or "b"`.
  function kind(schema) {
    const one = resolved(schema);
    if (one.enum) return one.enum.map((value) => JSON.stringify(value)).join(" or ");
    if ("const" in one) return JSON.stringify(one.const);
    if (options(one)) return options(one).map(kind).join(" or ");
    if (one.allOf) return one.allOf.map(kind).join(" and ");
    const own = name(schema);
    if (one.type === "array") return `array of ${one.prefixItems ? "pairs" : kind(one.items ?? {})}`;
    if (own) return own;
    if (one.type === "object" && typeof one.additionalProperties === "object") return `map to ${kind(one.additionalProperties)}`;
    return [one.format ?? [one.type ?? "anything"].flat().join(" or "), bounds(one)].filter(Boolean).join(" ");
  }

  function bounds(one) {
    const low = one.minimum ?? one.minLength ?? one.exclusiveMinimum;
    const high = one.maximum ?? one.maxLength ?? one.exclusiveMaximum;
    const range = low === undefined && high === undefined ? "" : `(${low ?? ""}–${high ?? ""})`;
    return [range, one.pattern ? `/${one.pattern}/` : ""].filter(Boolean).join(" ");
  }

  // The objects inside a schema that have fields worth a list of their own.
  function inside(schema) {
    const one = resolved(schema);
    if (one.properties) return [schema];
    const parts = [...(options(one) ?? []), ...(one.allOf ?? []), one.items, one.additionalProperties];
    return parts.filter((part) => part && typeof part === "object").flatMap(inside);
  }

  function fields(schema, seen = []) {
    return inside(schema).map((found) => {
      const one = resolved(found);
      const own = name(found);
      if ((own && seen.includes(own)) || seen.length > DEEPEST) return h("p", { class: "quiet" }, `${own ?? "…"}, as above`);
      const rows = Object.entries(one.properties).map(([field, inner]) => row(field, inner, one, [...seen, own ?? ""]));
      return h("ul", { class: "fields" }, rows);
    });
  }

  function row(field, inner, owner, seen) {
    const needed = owner.required?.includes(field) ? "*" : "";
    const preset = inner.default === undefined || inner.default === null ? "" : ` = ${JSON.stringify(inner.default)}`;
    const head = [h("code", { class: "name" }, field + needed), " ", h("span", { class: "kind" }, kind(inner) + preset)];
    const below = fields(inner, seen);
    return h("li", {}, below.length ? h("details", { class: "more" }, h("summary", {}, head), below) : head);
  }

  return { kind, fields, resolved };
}
