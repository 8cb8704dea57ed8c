"use strict";
(function () {
const api = JSON.parse(document.getElementById("api").textContent);
const $ = (id) => document.getElementById(id);
const operations = new Map(api.operations.map((each) => [each.name, each]));
const media = { json: "application/json", jsv: "application/jsv", xml: "application/xml", csv: "text/csv", html: "text/html" };
const numeric = /^(Byte|U?Int\d+|Single|Double|Decimal)$/;
const withBody = ["POST", "PUT", "PATCH"];

// Elements

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) if (value !== null) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => element("option", { value }, text)));
}

function input(field) {
  const id = "field-" + field.wire;
  const attributes = { id, "data-wire": field.wire, "aria-describedby": field.description ? id + "-about" : null };
  let control;
  if (field.kind === "enum" || field.kind === "Boolean") {
    control = element("select", attributes);
    const values = field.values || ["true", "false"];
    options(control, [["", "(not sent)"], ...values.map((each) => [each, each])]);
  } else if (field.kind === "list" || field.kind === "map") {
    control = element("textarea", { ...attributes, rows: "2", placeholder: field.kind === "list" ? "one a line" : "name=value, one a line" });
  } else {
    const secret = /password|secret/i.test(field.wire);
    control = element("input", { ...attributes, type: secret ? "password" : "text", inputmode: numeric.test(field.kind) ? "decimal" : null, autocomplete: "off" });
  }
  const label = element("label", { for: id }, field.wire, " ", element("small", { class: "mute" }, field.type + (field.place === "path" ? ", in the path" : "") + (field.required ? ", required" : "")));
  const about = field.description ? [element("small", { class: "mute", id: id + "-about" }, field.description)] : [];
  return element("p", { class: "field" }, label, " ", control, ...about);
}

// The call

const current = () => operations.get($("operation").value);
const route = () => current().routes[Number($("route").value) || 0];

function values() {
  const found = {};
  for (const field of current().fields) {
    const text = $("field-" + field.wire).value;
    if (text === "") continue;
    const lines = text.split("\n").filter((line) => line !== "");
    if (field.kind === "list") found[field.wire] = lines;
    else if (field.kind === "map") found[field.wire] = Object.fromEntries(lines.map((line) => [line.split("=")[0], line.slice(line.indexOf("=") + 1)]));
    else if (field.kind === "Boolean") found[field.wire] = text === "true";
    // What a number would change stays a text, which the service reads as well.
    else if (numeric.test(field.kind) && String(Number(text)) === text) found[field.wire] = Number(text);
    else found[field.wire] = text;
  }
  return found;
}

function jsv(value) {
  if (Array.isArray(value)) return "[" + value.map(jsv).join(",") + "]";
  if (value !== null && typeof value === "object") return "{" + Object.entries(value).map(([name, each]) => jsv(name) + ":" + jsv(each)).join(",") + "}";
  if (typeof value === "boolean") return value ? "True" : "False";
  const text = String(value);
  return text === "" || /[,"[\]{}\r\n:]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

function xml(value) {
  const plain = String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\r", "&#xD;");
  if (Array.isArray(value)) return value.map((each) => "<string>" + xml(each) + "</string>").join("");
  if (value !== null && typeof value === "object") return Object.entries(value).map(([name, each]) => "<KeyValueOfstringstring><Key>" + xml(name) + "</Key><Value>" + xml(each) + "</Value></KeyValueOfstringstring>").join("");
  return plain;
}

const cell = (text) => (/[,"\r\n[{]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
const writers = {
  json: (given) => JSON.stringify(given),
  jsv: (given) => jsv(given),
  xml: (given, operation) => "<" + operation.name + ">" + operation.fields.filter((each) => each.wire in given).map((each) => "<" + each.name + ">" + xml(given[each.wire]) + "</" + each.name + ">").join("") + "</" + operation.name + ">",
  csv: (given, operation) => {
    const fields = operation.fields.filter((each) => each.wire in given);
    const row = fields.map((each) => cell(typeof given[each.wire] === "object" ? jsv(given[each.wire]) : String(given[each.wire])));
    return fields.map((each) => each.name).join(",") + "\r\n" + row.join(",") + "\r\n";
  },
};

const basic = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

function credentials() {
  const by = $("by").value;
  if (by === "bearer" && $("token").value) return "Bearer " + $("token").value;
  if (by === "basic" && $("user").value) return "Basic " + basic($("user").value + ":" + $("password").value);
  return "";
}

function call() {
  const operation = current(), where = route(), given = values(), rest = { ...given };
  const wires = new Map(operation.fields.map((each) => [each.wire.toLowerCase(), each.wire]));
  const path = where.path.replace(/\{(\w+)(\*?)\}/g, (whole, name, rest_of_path) => {
    const wire = wires.get(name.toLowerCase()) || operation.aliases[name.toLowerCase()];
    delete rest[wire];
    if (!(wire in given)) return rest_of_path ? "" : whole;
    return rest_of_path ? given[wire].split("/").map(encodeURIComponent).join("/") : encodeURIComponent(given[wire]);
  });
  const headers = { Accept: media[$("accept").value] };
  const authorization = credentials();
  if (authorization) headers.Authorization = authorization;
  let body = null, query = "";
  if (withBody.includes(where.verb)) {
    headers["Content-Type"] = media[$("send").value];
    body = writers[$("send").value](rest, operation);
  } else {
    const text = (each) => (Array.isArray(each) ? each.join(",") : typeof each === "object" ? jsv(each) : String(each));
    query = Object.entries(rest).map(([name, each]) => encodeURIComponent(name) + "=" + encodeURIComponent(text(each))).join("&");
  }
  return { verb: where.verb, url: path + (query ? "?" + query : ""), headers, body, given, operation };
}

{% include "code.js" %}

// The page

function shown(made) {
  const head = Object.entries(made.headers).map(([name, value]) => name + ": " + (name === "Authorization" ? value.split(" ")[0] + " ••••" : value));
  return [made.verb + " " + api.root + made.url + " HTTP/1.1", "Host: " + location.host, ...head].join("\n") + (made.body === null ? "" : "\n\n" + made.body);
}

function refresh() {
  const made = call();
  $("request").textContent = shown(made);
  $("code").textContent = languages[$("language").value][1](made, location.origin + api.root);
  $("copied").textContent = "";
  for (const each of document.querySelectorAll("[data-by]")) each.hidden = each.dataset.by !== $("by").value;
}

function choose() {
  const operation = current();
  $("summary").textContent = operation.summary + (operation.access ? " — " + operation.access : "");
  options($("route"), operation.routes.map((each, index) => [index, each.verb + " " + each.path]));
  $("fields").replaceChildren(...operation.fields.map(input));
  if (!operation.fields.length) $("fields").append(element("p", { class: "mute" }, "No fields."));
  $("status").textContent = $("answer").textContent = "";
  if (location.hash.slice(1) !== operation.name) history.replaceState(null, "", "#" + operation.name);
  refresh();
}

async function send(event) {
  event.preventDefault();
  const made = call();
  $("status").textContent = "…";
  $("answer").textContent = "";
  const began = performance.now();
  try {
    const answer = await fetch(api.root + made.url, { method: made.verb, headers: made.headers, body: made.body, credentials: $("by").value === "cookie" ? "same-origin" : "omit", cache: "no-store" });
    const text = await answer.text();
    $("status").textContent = answer.status + " " + answer.statusText + ", " + Math.round(performance.now() - began) + " ms";
    $("answer").textContent = ["HTTP/1.1 " + answer.status + " " + answer.statusText, ...[...answer.headers].map(([name, value]) => name + ": " + value)].join("\n") + (text ? "\n\n" + text : "");
  } catch (error) {
    $("status").textContent = "no answer";
    $("answer").textContent = String(error);
  }
}

async function copy() {
  try {
    await navigator.clipboard.writeText($("code").textContent);
    $("copied").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("code"));
    $("copied").textContent = "Selected: copy with Ctrl-C";
  }
}

function fromHash() {
  const name = decodeURIComponent(location.hash.slice(1));
  if (operations.has(name)) $("operation").value = name;
  choose();
}

options($("operation"), api.operations.map((each) => [each.name, each.name]));
options($("language"), Object.entries(languages).map(([name, [title]]) => [name, title]));
$("operation").value = operations.has("NewSession") ? "NewSession" : api.operations.length ? api.operations[0].name : "";
for (const each of ["input", "change"]) $("form").addEventListener(each, (event) => (event.target === $("operation") ? choose() : refresh()));
$("form").addEventListener("submit", send);
$("form").addEventListener("reset", () => { const kept = $("operation").value; setTimeout(() => { $("operation").value = kept; choose(); }); });
$("language").addEventListener("change", refresh);
$("copy").addEventListener("click", copy);
addEventListener("hashchange", fromHash);
$("explorer").hidden = false;
fromHash();
})();
