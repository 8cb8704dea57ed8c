"use strict";
(function () {
const api = JSON.parse(document.getElementById("api").textContent);
const $ = (id) => document.getElementById(id);
const operations = new Map(api.operations.map((each) => [each.name, each]));
const media = { json: "application/json", jsv: "application/jsv", xml: "application/xml", csv: "text/csv", html: "text/html" };
const integral = /^(Byte|U?Int\d+)$/, numeric = /^(Byte|U?Int\d+|Single|Double|Decimal)$/;
const withBody = ["POST", "PUT", "PATCH"];
// In a link, names that no field has: the route and the formats.
const routeName = "!route", sendName = "!send", acceptName = "!accept";
let current = api.operations[0], sending = false, received = null, fitting = {};

// Elements

{% include "elements.js" %}

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => element("option", { value }, text)));
}

const badge = (verb) => element("span", { class: "verb " + verb.toLowerCase() }, verb);

// Types. A shape is [kind, name, ...arguments]; a kind with a question mark may be null where .NET's type has no null.

const kindOf = (shape) => shape[0].replace("?", "");
const isList = (shape) => kindOf(shape) === "list";
const isMap = (shape) => kindOf(shape) === "map";
const isPlain = (shape) => kindOf(shape) === "enum" || (kindOf(shape) === "scalar" && shape[1] !== "Object");
// What is written as JSON: records, and lists and maps of anything but plain values.
const isDeep = (shape) => !isPlain(shape) && !(isList(shape) && isPlain(shape[2])) && !(isMap(shape) && isPlain(shape[2]) && isPlain(shape[3]));

function closed(shape, given) {
  return given && kindOf(shape) === "parameter" ? given[shape[1]] || shape : [shape[0], shape[1], ...shape.slice(2).map((each) => closed(each, given))];
}

function fieldsOf(shape) {
  const type = api.types[shape[1]];
  const given = Object.fromEntries((type.parameters || []).map((name, index) => [name, shape[2 + index]]));
  return type.fields.map((each) => ({ ...each, shape: closed(each.shape, given) }));
}

// A value of a type from its text.
function plainValue(shape, text) {
  const type = api.types[shape[1]];
  if (kindOf(shape) === "enum") return (type.flags || type.numbered) && /^-?\d+$/.test(text) ? Number(text) : text;
  if (shape[1] === "Boolean") return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text;
  // What a number would change stays a text, which the service reads as well.
  return numeric.test(shape[1]) && String(Number(text)) === text ? Number(text) : text;
}

const samples = {
  Boolean: true, DateTime: "2026-01-31T12:00:00Z", DateTimeOffset: "2026-01-31T12:00:00+02:00", DateOnly: "2026-01-31", TimeOnly: "PT12H30M", TimeSpan: "PT1H30M",
  Guid: "6fa459ea-ee8a-4ca4-894e-db77e160355e", Uri: "https://example.org/", Char: "a", "Byte[]": "AQID", Stream: "AQID", Type: "System.String", Single: 1.5, Double: 1.5, Decimal: 9.99, Object: "text", String: "text",
};

function sampleOf(shape, depth = 0) {
  if (kindOf(shape) === "enum") { const type = api.types[shape[1]]; const member = type.members[type.members.length - 1]; return type.flags || type.numbered ? member[2] : member[1]; }
  if (isList(shape)) return depth > 3 ? [] : [sampleOf(shape[2], depth + 1)];
  if (isMap(shape)) return depth > 3 ? {} : { [isPlain(shape[2]) ? String(sampleOf(shape[2])) : "key"]: sampleOf(shape[3], depth + 1) };
  if (kindOf(shape) === "record") return depth > 3 || !api.types[shape[1]] ? {} : Object.fromEntries(fieldsOf(shape).map((each) => [each.wire, sampleOf(each.shape, depth + 1)]));
  if (shape[1] === "KeyValuePair") return { key: sampleOf(shape[2], depth + 1), value: sampleOf(shape[3], depth + 1) };
  return shape[1] in samples ? samples[shape[1]] : integral.test(shape[1]) ? 1 : "text";
}

// The text that a control has for a value.
function shownText(field, value) {
  if (isDeep(field.shape) || field.shape[1] === "Object") return typeof value === "string" ? value : JSON.stringify(value, null, 2);
  if (isList(field.shape)) return value.join("\n");
  if (isMap(field.shape)) return Object.entries(value).map(([name, each]) => name + "=" + each).join("\n");
  return String(value);
}

// The fields

function input(field) {
  const id = "field-" + field.wire;
  const described = [id + "-problem", field.description || (field.limits && field.kind !== "enum") ? id + "-about" : ""].filter(Boolean).join(" ");
  const attributes = { id, "data-wire": field.wire, "aria-describedby": described, "aria-required": field.required ? "true" : null };
  let control;
  if (field.kind === "enum" || field.kind === "Boolean") {
    control = element("select", attributes);
    const values = field.values || ["true", "false"];
    options(control, [["", "(not sent)"], ...values.map((each) => [each, each])]);
  } else if (field.kind === "list" || field.kind === "map" || isDeep(field.shape)) {
    const form = isDeep(field.shape) ? "JSON" : field.kind === "list" ? "one a line" : "name=value, one a line";
    control = element("textarea", { ...attributes, rows: isDeep(field.shape) ? "4" : "2", placeholder: form, spellcheck: "false" });
  } else {
    control = element("input", { ...attributes, type: field.secret ? "password" : "text", inputmode: numeric.test(field.kind) ? "decimal" : null, autocomplete: field.secret ? "new-password" : "off" });
  }
  const facts = field.type + (field.place === "path" ? ", in the path" : "") + (field.required ? ", required" : "");
  const label = element("label", { for: id }, field.wire, " ", element("small", { class: "mute" }, facts));
  const limits = field.kind === "enum" ? "" : field.limits;
  const about = field.description && limits ? field.description + " (" + limits + ")" : field.description || limits;
  return element("p", { class: "field" }, label, " ", control, element("small", { class: "bad", id: id + "-problem" }), ...(about ? [element("small", { class: "mute", id: id + "-about" }, about)] : []));
}

const route = () => current.routes[Number($("route").value) || 0];
const isWildcard = (path, wire) => [...path.matchAll(/\{(\w+)\*\}/g)].some(([, name]) => wireOf(name) === wire);
const inPath = (where) => [...where.path.matchAll(/\{(\w+)\*?\}/g)].map(([, name]) => wireOf(name));
function wireOf(name) {
  const field = current.fields.find((each) => each.wire.toLowerCase() === name.toLowerCase());
  return field ? field.wire : current.aliases[name.toLowerCase()];
}

function values() {
  const found = {};
  for (const field of current.fields) {
    const text = $("field-" + field.wire).value;
    if (text === "") continue;
    const lines = text.split("\n").filter((line) => line !== "");
    if (isDeep(field.shape)) { try { found[field.wire] = JSON.parse(text); } catch { found[field.wire] = text; } }
    else if (isList(field.shape)) found[field.wire] = lines.map((each) => plainValue(field.shape[2], each));
    else if (isMap(field.shape)) found[field.wire] = Object.fromEntries(lines.map((line) => [line.split("=")[0], plainValue(field.shape[3], line.slice(line.indexOf("=") + 1))]));
    else found[field.wire] = plainValue(field.shape, text);
  }
  return found;
}

// Formats

// Values of JSV and CSV as they are read: every scalar is a text.

function readJsv(text) {
  let at = 0;
  const quoted = () => {
    let read = "";
    for (at += 1; at < text.length; at += 1) {
      if (text[at] !== '"') read += text[at];
      else if (text[at + 1] === '"') { read += '"'; at += 1; }
      else { at += 1; break; }
    }
    return read;
  };
  const plain = (stops) => {
    const from = at;
    while (at < text.length && !stops.includes(text[at])) at += 1;
    return text.slice(from, at);
  };
  const items = (end, item) => {
    const read = [];
    for (at += 1; at < text.length && text[at] !== end; ) {
      const before = at;
      read.push(item());
      if (text[at] === "," || at === before) at += 1;
    }
    at += 1;
    return read;
  };
  const value = (stops) => {
    if (text[at] === "{") return Object.fromEntries(items("}", () => { const name = text[at] === '"' ? quoted() : plain(":}"); if (text[at] === ":") at += 1; return [name, value(",}")]; }));
    if (text[at] === "[") return items("]", () => value(",]"));
    return text[at] === '"' ? quoted() : plain(stops);
  };
  return value("");
}

// The rows of a table as records. A cell that is a list or a record is JSV.
function readCsv(text) {
  const rows = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^,\r\n"]*))(,|\r?\n|$)/g)) {
    rows[rows.length - 1].push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") break;
    if (end !== ",") rows.push([]);
  }
  const [names, ...rest] = rows.filter((row) => row.length > 1 || row[0] !== "");
  return rest.map((row) => Object.fromEntries(names.map((name, index) => [name, /^[{[]/.test(row[index] || "") ? readJsv(row[index]) : row[index] || ""])));
}

// What a response says; undefined where it is text.
function readValue(text, type) {
  if (type === media.json) { try { return JSON.parse(text); } catch { return undefined; } }
  if (type === media.jsv || type === "text/jsv") return readJsv(text);
  return type === media.csv && text.length < 2000000 ? readCsv(text) : undefined;
}

function jsv(value) {
  if (Array.isArray(value)) return "[" + value.map(jsv).join(",") + "]";
  if (value !== null && typeof value === "object") return "{" + Object.entries(value).map(([name, each]) => jsv(name) + ":" + jsv(each)).join(",") + "}";
  if (typeof value === "boolean") return value ? "True" : "False";
  const text = value === null ? "" : String(value);
  return text === "" || /[,"[\]{}\r\n:]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

const escaped = (value) => String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#xD;");
const xmlNames = { String: "string", Boolean: "boolean", Int32: "int", Int64: "long", Int16: "short", Int8: "byte", Byte: "unsignedByte", UInt16: "unsignedShort", UInt32: "unsignedInt", UInt64: "unsignedLong", Single: "float", Double: "double", Decimal: "decimal", DateTime: "dateTime", TimeSpan: "duration", Guid: "guid", "Byte[]": "base64Binary", Uri: "anyURI", Char: "char" };
const xmlName = (shape) => xmlNames[shape[1]] || (isList(shape) ? "ArrayOf" + xmlName(shape[2]) : isMap(shape) ? "ArrayOfKeyValueOf" + xmlName(shape[2]) + xmlName(shape[3]) : shape[1]);

function xml(value, shape) {
  if (value === null || value === undefined) return "";
  if (isList(shape) && Array.isArray(value)) return value.map((each) => tagged(xmlName(shape[2]), xml(each, shape[2]))).join("");
  if (isMap(shape) && typeof value === "object") {
    const name = "KeyValueOf" + xmlName(shape[2]) + xmlName(shape[3]);
    return Object.entries(value).map(([key, each]) => tagged(name, tagged("Key", escaped(key)) + tagged("Value", xml(each, shape[3])))).join("");
  }
  if (kindOf(shape) === "record" && typeof value === "object" && api.types[shape[1]]) return xmlMembers(value, fieldsOf(shape));
  if (shape[1] === "Char" && typeof value === "string") return String(value.charCodeAt(0));
  return escaped(typeof value === "object" ? JSON.stringify(value) : value);
}

const tagged = (name, inner) => "<" + name + ">" + inner + "</" + name + ">";
const xmlMembers = (value, fields) => fields.filter((each) => each.wire in value).map((each) => tagged(each.name, xml(value[each.wire], each.shape))).join("");
const cell = (text) => (/[,"\r\n[{]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
const writers = {
  json: (given) => JSON.stringify(given),
  jsv: (given) => jsv(given),
  xml: (given, operation) => tagged(operation.name, xmlMembers(given, operation.fields)),
  csv: (given, operation) => {
    const fields = operation.fields.filter((each) => each.wire in given);
    const row = fields.map((each) => cell(typeof given[each.wire] === "object" ? jsv(given[each.wire]) : String(given[each.wire])));
    return fields.map((each) => each.name).join(",") + "\r\n" + row.join(",") + "\r\n";
  },
};

// The call

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

function credentials() {
  if ($("by").value === "bearer" && $("token").value) return "Bearer " + $("token").value;
  if ($("by").value === "basic") return "Basic " + base64($("user").value + ":" + $("password").value);
  return "";
}

// Secrets are concealed in everything but what is sent. Names are compared in any letter case, as the service does.
const secret = "YOUR_PASSWORD";
const hasSecret = (field, depth = 0) => field.secret || (depth < 6 && [...recordsIn(field.shape)].some((shape) => fieldsOf(shape).some((each) => hasSecret(each, depth + 1))));
function* recordsIn(shape) {
  if (kindOf(shape) === "record" && api.types[shape[1]]) yield shape;
  for (const each of shape.slice(2)) yield* recordsIn(each);
}
const concealed = (given) => concealedMembers(given, current.fields, 0);
function concealedMembers(given, fields, depth) {
  if (given === null || typeof given !== "object") return given;
  const byName = new Map(fields.flatMap((each) => [[each.wire.toLowerCase(), each], [each.name.toLowerCase(), each]]));
  return Object.fromEntries(Object.entries(given).map(([name, value]) => {
    const field = byName.get(name.toLowerCase());
    return [name, field && hasSecret(field) ? concealedValue(field.shape, value, field.secret, depth + 1) : value];
  }));
}
function concealedValue(shape, value, isSecret, depth) {
  if (value === null || value === "") return value;
  if (isList(shape) && Array.isArray(value)) return value.map((each) => concealedValue(shape[2], each, isSecret, depth));
  if (isMap(shape) && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, concealedValue(shape[3], each, isSecret, depth)]));
  if (!isSecret && kindOf(shape) === "record" && typeof value === "object" && depth < 12) return concealedMembers(value, fieldsOf(shape), depth);
  return isSecret || typeof value !== "object" && isDeep(shape) ? secret : value;
}

// The request for some values. Those of secrets are concealed in everything but what is sent.
function call(given) {
  const where = route(), rest = { ...given };
  const path = where.path.replace(/\{(\w+)(\*?)\}/g, (whole, name, rest_of_path) => {
    const wire = wireOf(name);
    delete rest[wire];
    if (!(wire in given)) return rest_of_path ? "" : whole;
    return rest_of_path ? String(given[wire]).split("/").map(encodeURIComponent).join("/") : encodeURIComponent(given[wire]);
  });
  const headers = { Accept: media[$("accept").value] };
  const authorization = credentials();
  if (authorization) headers.Authorization = authorization;
  let body = null, query = "";
  if (withBody.includes(where.verb)) {
    headers["Content-Type"] = media[$("send").value];
    body = isText() ? $("body").value : writers[$("send").value](rest, current);
  } else {
    const text = (each) => (Array.isArray(each) && each.every((item) => typeof item !== "object") ? each.join(",") : typeof each === "object" ? jsv(each) : String(each));
    query = Object.entries(rest).map(([name, each]) => encodeURIComponent(name) + "=" + encodeURIComponent(text(each))).join("&");
  }
  return { verb: where.verb, url: path + (query ? "?" + query : ""), headers, body, given, operation: current };
}

const isText = () => $("as-text").checked && withBody.includes(route().verb);

{% include "code.js" %}

// What the form lacks, by the wire name of a field; under "" what is wrong with the whole.
function problems(given) {
  const found = {}, where = route(), path = inPath(where);
  for (const field of current.fields) {
    const wire = field.wire, isVariable = path.includes(wire);
    if (isVariable && !(wire in given) && !isWildcard(where.path, wire)) found[wire] = "Give a value: it is a part of the path.";
    else if (hasSecret(field) && wire in given && (isVariable || !withBody.includes(where.verb))) found[wire] = "A secret does not belong in a URL. Choose a route with POST.";
    else if (isDeep(field.shape) && typeof given[wire] === "string" && field.shape[1] !== "Object") found[wire] = "This is not JSON.";
  }
  return found;
}

function showProblems(found) {
  for (const field of current.fields) {
    const text = found[field.wire] || "", control = $("field-" + field.wire);
    $("field-" + field.wire + "-problem").textContent = text;
    if (text) { control.setAttribute("aria-invalid", "true"); const folded = control.closest("details"); if (folded) folded.open = true; }
    else control.removeAttribute("aria-invalid");
  }
  $("problem").textContent = found[""] || "";
}

// The page

function refresh() {
  const made = call(concealed(values()));
  if (isText()) made.body = concealedText(made.body);
  const authorization = made.headers.Authorization;
  const head = Object.entries(made.headers).map(([name, value]) => name + ": " + (name === "Authorization" ? authorization.split(" ")[0] + " ••••" : value));
  $("request").textContent = [made.verb + " " + api.root + made.url + " HTTP/1.1", "Host: " + location.host, ...head].join("\n") + (made.body === null ? "" : "\n\n" + made.body);
  // A copied call brings credentials of its own along, where the page leaves them to the browser.
  if (!authorization && $("by").value !== "none" && current.signedIn) made.headers.Authorization = $("by").value === "basic" ? "Basic" : "Bearer";
  $("code").textContent = languages[$("language").value][1](made, location.origin + api.root);
  $("copied").textContent = "";
  for (const each of document.querySelectorAll("[data-by]")) each.hidden = each.dataset.by !== $("by").value;
  const hasBody = withBody.includes(route().verb), path = inPath(route());
  $("as-text-field").hidden = !hasBody || current.fields.every((each) => path.includes(each.wire));
  $("send").closest(".field").hidden = !hasBody;
  $("body-field").hidden = !isText();
  for (const each of $("fields").querySelectorAll("[data-wire]")) each.closest(".field").hidden = isText() && !path.includes(each.dataset.wire);
  for (const each of $("fields").querySelectorAll("details")) each.hidden = [...each.querySelectorAll(".field")].every((inner) => inner.hidden);
  remember();
}

// A body that was written by hand, without its secrets; one that can't be read is not shown where there may be some.
function concealedText(text) {
  if (!current.fields.some((each) => hasSecret(each))) return text;
  const format = $("send").value;
  if (format === "json") {
    try { return JSON.stringify(concealed(JSON.parse(text)), null, 2); } catch { return "YOUR_BODY"; }
  }
  return writers[format](concealed(values()), current);
}

// The link of the page has the values, and never a secret.
function remember() {
  const pairs = [];
  if (Number($("route").value)) pairs.push([routeName, $("route").value]);
  if ($("send").value !== "json") pairs.push([sendName, $("send").value]);
  if ($("accept").value !== "json") pairs.push([acceptName, $("accept").value]);
  for (const field of current.fields) {
    const text = $("field-" + field.wire).value;
    if (text !== "" && !hasSecret(field)) pairs.push([field.wire, text]);
  }
  const query = pairs.map(([name, value]) => encodeURIComponent(name) + "=" + encodeURIComponent(value)).join("&");
  const hash = "#" + current.name + (query ? "?" + query : "");
  if (location.hash !== hash) history.replaceState(null, "", hash);
}

function choose(given) {
  document.title = current.name + " · Explorer";
  $("operation").textContent = current.name;
  $("summary").textContent = current.summary + (current.access ? " — " + current.access : "");
  options($("route"), current.routes.map((each, index) => [index, each.verb + " " + each.path]));
  if (given.has(routeName)) $("route").value = given.get(routeName);
  if ($("route").value === "") $("route").value = "0";
  for (const [name, id] of [[sendName, "send"], [acceptName, "accept"]]) if (media[given.get(name)]) $(id).value = given.get(name);
  $("as-text").checked = false;
  $("body").value = "";
  const path = inPath(route());
  const first = current.fields.filter((each) => each.required || path.includes(each.wire)), others = current.fields.filter((each) => !first.includes(each));
  const isOpen = !first.length || others.some((each) => given.has(each.wire)) || others.length < 4;
  const folded = others.length ? [element("details", { open: isOpen }, element("summary", {}, first.length ? "Optional fields (" + others.length + ")" : "Fields (" + others.length + ")"), ...others.map(input))] : [];
  $("fields").replaceChildren(...first.map(input), ...folded);
  if (!current.fields.length) $("fields").append(element("p", { class: "mute" }, "This operation has no fields."));
  for (const field of current.fields) if (given.has(field.wire) && !hasSecret(field)) $("field-" + field.wire).value = given.get(field.wire);
  for (const each of $("operations").querySelectorAll("a")) { if (each.dataset.name === current.name) each.setAttribute("aria-current", "true"); else each.removeAttribute("aria-current"); }
  forget();
  showProblems({});
  refresh();
}

function forget() {
  received = null;
  $("status").textContent = "No response yet";
  $("status").className = "";
  $("answer").textContent = "Send the request to see its response here.";
  $("headers").textContent = "No response yet.";
  $("copy-body").disabled = $("download").disabled = true;
  $("as-table").hidden = $("as-page").hidden = true;
  asTable(false);
}

// Finding an operation

const isNarrow = () => matchMedia("(max-width:64rem)").matches;

function list() {
  const words = $("find").value.toLowerCase().split(/\s+/).filter(Boolean), groups = new Map();
  const shown = api.operations.filter((each) => { const text = [each.name, each.tag, each.summary, ...each.routes.map((one) => one.verb + " " + one.path)].join(" ").toLowerCase(); return words.every((word) => text.includes(word)); });
  for (const each of shown) groups.set(each.tag, [...(groups.get(each.tag) || []), each]);
  const item = (each) => element("li", {}, element("a", { href: "#" + each.name, "data-name": each.name, title: each.summary, "aria-current": each === current ? "true" : null }, badge(each.routes[0].verb), element("span", {}, each.name)));
  $("operations").replaceChildren(...[...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([tag, found]) => [element("h2", {}, tag), element("ul", {}, ...found.map(item))]));
  $("found").textContent = words.length ? shown.length + " of " + api.operations.length : "";
  if (words.length) $("finder-list").open = true;
  return shown;
}

// Sending

async function send(event) {
  event.preventDefault();
  if (sending) return;
  const given = values(), found = problems(given);
  showProblems(found);
  if (Object.keys(found).length) { $("field-" + Object.keys(found)[0]).focus(); return; }
  const made = call(given), operation = current;
  sending = $("go").disabled = true;
  $("go").textContent = "Sending…";
  forget();
  $("status").textContent = "…";
  const began = performance.now();
  try {
    const answer = await fetch(api.root + made.url, { method: made.verb, headers: made.headers, body: made.body, credentials: $("by").value === "cookie" ? "same-origin" : "omit", cache: "no-store" });
    const data = await answer.blob(), text = await data.text();
    if (operation === current) show(answer, data, text, Math.round(performance.now() - began), made);
  } catch (error) {
    $("status").textContent = "No response";
    $("status").className = "bad";
    $("answer").textContent = String(error);
  } finally {
    sending = $("go").disabled = false;
    $("go").textContent = "Send";
  }
}

function show(answer, data, text, milliseconds, made) {
  const type = (answer.headers.get("Content-Type") || "").split(";")[0];
  received = { text, data, type, name: current.name + "." + (Object.keys(media).find((each) => media[each] === type) || "txt") };
  $("status").textContent = answer.status + " " + answer.statusText + ", " + milliseconds + " ms" + (text ? ", " + data.size.toLocaleString("en") + " bytes" : "");
  $("status").className = answer.status < 300 ? "good" : answer.status < 400 ? "" : "bad";
  $("headers").textContent = ["HTTP/1.1 " + answer.status + " " + answer.statusText, ...[...answer.headers].map(([name, value]) => name + ": " + value)].join("\n");
  const value = readValue(text, type);
  if (value !== undefined && type === media.json) $("answer").replaceChildren(...coloured(JSON.stringify(value, null, 2)));
  else $("answer").textContent = text ? (type === "application/xml" ? indented(text) : text) : "The response has no body.";
  $("copy-body").disabled = $("download").disabled = !text;
  const rows = value === undefined ? [] : rowsOf(value);
  fitting = { rows };
  $("as-table").hidden = !rows.length;
  const status = type === media.csv && answer.status >= 400 && value !== undefined ? value[0] : value;
  const count = answer.status >= 400 ? showErrors(status, text, type) : 0;
  // A phone shows the response below the form, and an error may be far from Send.
  if (count && !isText()) document.querySelector("#fields [aria-invalid=true]").focus();
  else if (isNarrow()) $("status").scrollIntoView();
  const page = answer.ok ? pageOf(value, made) : "";
  $("as-page").hidden = !page;
  if (page) $("as-page").href = page;
}

// The page for people: that of the record in the response, or of what the request names.
function pageOf(value, made) {
  const place = api.places[current.record];
  const id = place && memberNamed(value, place.key);
  if (id) return api.root + place.path.replace("{}", encodeURIComponent(id));
  if (made.verb === "GET" && current.routed) return api.root + made.url;
  const path = made.url.split("?")[0];
  return Object.values(api.places).some((each) => isAt(each.path, path)) ? api.root + path : "";
}

function isAt(pattern, path) {
  const [before, after] = pattern.split("{}");
  return !pattern.includes("?") && path.startsWith(before) && path.endsWith(after) && path.length > before.length + after.length && !path.slice(before.length, path.length - after.length).includes("/");
}

function indented(text) {
  let depth = 0;
  return text.length > 200000 ? text : text.replace(/>\s*</g, ">\n<").split("\n").map((line) => {
    if (/^<\//.test(line)) depth -= 1;
    const shown = "  ".repeat(Math.max(depth, 0)) + line;
    if (/^<[^?!/][^>]*[^/]>$|^<[^?!/]>$/.test(line)) depth += 1;
    return shown;
  }).join("\n");
}

function rowsOf(value) {
  const isRows = (each) => Array.isArray(each) && each.length && each.every((row) => row !== null && typeof row === "object" && !Array.isArray(row));
  if (isRows(value)) return value;
  return value !== null && typeof value === "object" ? Object.values(value).find(isRows) || [] : [];
}

function asTable(isOn) {
  $("as-table").setAttribute("aria-pressed", String(isOn));
  $("answer").hidden = isOn;
  $("table").hidden = !isOn;
  if (!isOn) { $("table").replaceChildren(); return; }
  const names = [...new Set(fitting.rows.flatMap((row) => Object.keys(row)))];
  const text = (value) => (value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const head = element("thead", {}, element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name))));
  const body = element("tbody", {}, ...fitting.rows.map((row) => element("tr", {}, ...names.map((name) => element("td", {}, text(row[name]))))));
  $("table").replaceChildren(element("table", {}, head, body));
}

// The errors of a response, at the fields that they name. Returns how many fields have one.
function showErrors(value, text, type) {
  const status = memberNamed(value, "responseStatus") || (type === "application/xml" ? xmlStatus(text) : null);
  if (!status) return 0;
  const errors = memberNamed(status, "errors") || [], found = {}, rest = [];
  for (const each of errors) {
    const wire = wireOf(String(memberNamed(each, "fieldName") || "").split(/[.[]/)[0]), message = String(memberNamed(each, "message") || "");
    if (wire) found[wire] = (found[wire] ? found[wire] + " " : "") + message;
    else rest.push(message);
  }
  if (!errors.length || rest.length) found[""] = [memberNamed(status, "message"), ...rest].filter((each, index, all) => each && all.indexOf(each) === index).join(" ");
  showProblems(found);
  return Object.keys(found).filter(Boolean).length;
}

function xmlStatus(text) {
  const elements = [...new DOMParser().parseFromString(text, "application/xml").getElementsByTagName("*")];
  const whole = elements.find((each) => each.localName === "ResponseStatus");
  const record = (node) => Object.fromEntries([...node.children].map((each) => [each.localName, each.textContent]));
  return whole && { message: record(whole).Message, errors: elements.filter((each) => each.localName === "ResponseError").map(record) };
}

// Buttons

function fill() {
  const path = inPath(route());
  for (const field of current.fields) {
    const control = $("field-" + field.wire);
    const needed = field.required || path.includes(field.wire);
    // What must exist already, or be of a form of its own, is left to people.
    if (control.value !== "" || field.secret || (!needed && /(Id|Ids)$|^id$/.test(field.wire)) || (!needed && field.limits.includes("matches "))) continue;
    const value = field.example !== null ? field.example : sampleOf(field.shape);
    if (needed || depthOf(field.shape) < 3) control.value = field.kind === "enum" ? field.values[field.values.length - 1] : shownText(field, value);
  }
  if (isText()) $("body").value = written();
  for (const each of $("fields").querySelectorAll("details")) each.open = true;
  refresh();
}

const depthOf = (shape) => 1 + Math.max(0, ...shape.slice(2).map(depthOf));

// The body that the fields make, laid out to be edited.
function written() {
  const path = inPath(route()), given = Object.fromEntries(Object.entries(values()).filter(([wire]) => !path.includes(wire)));
  return $("send").value === "json" ? JSON.stringify(given, null, 2) : writers[$("send").value](given, current);
}

function clear() {
  for (const each of $("fields").querySelectorAll("[data-wire]")) each.value = "";
  $("body").value = "";
  showProblems({});
  forget();
  refresh();
}

async function copy(from, text) {
  try {
    await navigator.clipboard.writeText(text);
    $("copied").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(from);
    $("copied").textContent = "Selected: copy with Ctrl-C";
  }
}

function download() {
  const address = URL.createObjectURL(received.data), link = element("a", { href: address, download: received.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

function select(tab) {
  for (const each of document.querySelectorAll("[role=tab]")) {
    const isChosen = each === tab;
    each.setAttribute("aria-selected", String(isChosen));
    each.tabIndex = isChosen ? 0 : -1;
    $(each.getAttribute("aria-controls")).hidden = !isChosen;
  }
}

function fromHash() {
  const [name, query] = location.hash.slice(1).split("?", 2);
  let wanted = name;
  try { wanted = decodeURIComponent(name); } catch { /* not a name */ }
  const found = operations.get(wanted) || api.operations.find((each) => each.name.toLowerCase() === wanted.toLowerCase());
  current = found || operations.get("NewSession") || api.operations[0];
  if (isNarrow()) $("finder-list").open = false;
  choose(new URLSearchParams((query || "").replaceAll("+", "%2B")));
}

if (!api.operations.length) return;
options($("language"), Object.entries(languages).map(([name, [title]]) => [name, title]));
list();
for (const each of ["input", "change"]) $("form").addEventListener(each, (event) => {
  // The body as text begins with what the fields say, in the chosen format.
  if (each === "change" && [$("as-text"), $("send")].includes(event.target) && isText()) $("body").value = written();
  refresh();
});
$("form").addEventListener("submit", send);
$("clear").addEventListener("click", clear);
$("sample").addEventListener("click", fill);
$("language").addEventListener("change", refresh);
$("copy").addEventListener("click", () => copy($("code"), $("code").textContent));
$("copy-body").addEventListener("click", () => copy($("answer"), received.text));
$("download").addEventListener("click", download);
$("as-table").addEventListener("click", () => asTable($("table").hidden));
$("find").addEventListener("input", list);
$("find").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  const words = $("find").value.toLowerCase().replace(/\s+/g, ""), shown = list();
  const first = shown.find((each) => each.name.toLowerCase().startsWith(words)) || shown.find((each) => each.name.toLowerCase().includes(words)) || shown[0];
  if (first) location.hash = "#" + first.name;
});
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => select(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...document.querySelectorAll("[role=tab]")], next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
    select(next);
    next.focus();
  });
}
addEventListener("hashchange", fromHash);
$("explorer").hidden = false;
fromHash();
})();
