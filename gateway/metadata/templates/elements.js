function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  made.append(...children);
  return made;
}

// A member of a record by its wire name, as any dialect spells it.
function memberNamed(record, name) {
  const plain = (each) => each.toLowerCase().replaceAll("_", "");
  const isRecord = record !== null && typeof record === "object" && !Array.isArray(record);
  const found = isRecord ? Object.keys(record).find((each) => plain(each) === plain(name)) : undefined;
  return found === undefined ? undefined : record[found];
}

// Parts of pretty JSON, each in an element of its own. Long documents stay plain.
function coloured(text) {
  if (text.length > 200000) return [text];
  const parts = [], pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  let end = 0;
  for (const found of text.matchAll(pattern)) {
    parts.push(text.slice(end, found.index), element("span", { class: found[2] ? "name" : found[1] ? "text" : "value" }, found[1] || found[0]), found[2] || "");
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}
