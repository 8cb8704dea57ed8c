// The call as code, in the words of each language's client library. Explorer.js has this in its scope.

const quoted = (text, quote) => quote + text.replaceAll("\\", "\\\\").replaceAll(quote, "\\" + quote).replaceAll("\n", "\\n").replaceAll("\r", "\\r") + quote;
const double = (text) => quoted(text, '"');
const single = (text) => quoted(text, "'");
const dollar = (text) => double(text).replaceAll("$", "\\$");
const doubled = (text) => '"' + text.replaceAll('"', '""') + '"';
const shell = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const snake = (name) => name.replace(/([A-Z]+)([A-Z][a-z])|([a-z\d])([A-Z])/g, (_, a, b, c, d) => (a || c) + "_" + (b || d)).toLowerCase();
const pascal = (name) => name[0].toUpperCase() + name.slice(1);

// How a language writes a value: texts, truth, members of enums, lists, maps. Within lists and maps a text is an item.
function literal(style, field, value) {
  const item = style.item || style.text, comma = style.comma || ", ";
  if (field.kind === "enum") return style.member(field.type, value);
  if (field.kind === "list") return style.list(value.map(item).join(comma));
  if (field.kind === "map") return style.map(Object.entries(value).map(([name, each]) => style.entry(item(name), item(each))).join(comma));
  if (field.kind === "Boolean") return (style.truth || String)(value);
  return typeof value === "number" ? (style.number || String)(value) : style.text(value);
}

function lines(style, made, form) {
  return made.operation.fields.filter((each) => each.wire in made.given).map((each) => form(each, literal(style, each, made.given[each.wire])));
}

const around = (before, after) => (inner) => before + inner + after;
const between = (separator) => (a, b) => a + separator + b;
const dotted = between(".");
const inDtos = (type, name) => "dtos." + type + "." + name;
const shouted = (separator) => (type, name) => type + separator + snake(name).toUpperCase();
const capital = (value) => (value ? "True" : "False");
const brackets = around("[", "]"), braces = around("{ ", " }"), pointer = around("ptr(", ")"), nullable = around("Nullable ", "");
const styles = {
  csharp: { text: double, member: dotted, list: around("new List<string> { ", " }"), map: around("new Dictionary<string, string> { ", " }"), entry: (a, b) => braces(a + ", " + b) },
  typescript: { text: double, member: inDtos, list: brackets, map: braces, entry: between(": ") },
  mjs: { text: double, member: (_, name) => double(name), list: brackets, map: braces, entry: between(": ") },
  java: { text: double, member: inDtos, list: around("new ArrayList<>(List.of(", "))"), map: around("new HashMap<>(Map.of(", "))"), entry: between(", ") },
  kotlin: { text: dollar, member: dotted, list: around("arrayListOf(", ")"), map: around("hashMapOf(", ")"), entry: between(" to ") },
  python: { text: double, member: shouted("."), truth: capital, list: brackets, map: braces, entry: between(": ") },
  swift: { text: double, member: (_, name) => "." + name, list: brackets, map: brackets, entry: between(": ") },
  dart: { text: (text) => single(text).replaceAll("$", "\\$"), member: dotted, list: brackets, map: braces, entry: between(": ") },
  php: { text: single, member: between("::"), list: brackets, map: brackets, entry: between(" => ") },
  fsharp: { text: double, comma: "; ", member: (type, name) => nullable(dotted(type, name)), truth: nullable, number: nullable, list: around("List<string> [ ", " ]"), map: around("dict [ ", " ] |> Dictionary"), entry: (a, b) => "(" + a + ", " + b + ")" },
  vbnet: { text: doubled, member: dotted, truth: capital, list: around("New List(Of String) From {", "}"), map: around("New Dictionary(Of String, String) From {", "}"), entry: (a, b) => "{" + a + ", " + b + "}" },
  go: { text: (text) => pointer(double(text)), item: double, member: (type, name) => pointer("dtos." + type + name), truth: pointer, number: pointer, list: around("[]string{", "}"), map: around("map[string]string{", "}"), entry: between(": ") },
  ruby: { text: single, member: shouted("::"), list: brackets, map: braces, entry: between(" => ") },
  rust: { text: (text) => double(text) + ".into()", member: between("::"), list: around("vec![", "]"), map: around("[", "].into()"), entry: (a, b) => "(" + a + ", " + b + ")" },
};

const key = "YOUR_KEY";
const small = (made) => made.verb.toLowerCase();
const cased = (made) => made.verb[0] + made.verb.slice(1).toLowerCase();
// No Java has PATCH; the service takes a POST of the operation's name as well.
const posted = (made) => (made.verb === "PATCH" ? "post" : small(made));
// A variable for what is answered, where anything is.
const kept = (made, variable) => (made.operation.returns ? variable : "");
const wire = (field) => field.wire;
const member = (field) => field.name;
// The given fields, a line each.
const statements = (style, made, form) => lines(style, made, form).map((line) => line + "\n").join("");
const braced = (style, made, name, separator, end = ",") => {
  const all = lines(style, made, (field, value) => "    " + name(field) + separator + value);
  return all.length ? `\n${all.join(end + "\n")}\n` : "";
};

// Of each language its name, and the text of a call to a host.
const languages = {
  curl: ["curl", (made, host) => {
    const header = ([name, value]) => "-H " + shell(`${name}: ${name === "Authorization" ? value.split(" ")[0] + " YOUR_CREDENTIALS" : value}`);
    const verb = made.verb === "GET" ? "" : ` -X ${made.verb}`;
    const body = made.body === null ? [] : ["--data-binary " + shell(made.body)];
    return [`curl${verb} ${shell(host + made.url)}`, ...Object.entries(made.headers).map(header), ...body].join(" \\\n  ");
  }],
  csharp: ["C#", (made, host) => `var client = new JsonServiceClient(${double(host)}) { BearerToken = ${double(key)} };
${kept(made, "var response = ")}client.${cased(made)}(new ${made.operation.name} {${braced(styles.csharp, made, member, " = ")}});`],
  typescript: ["TypeScript", (made, host) => `import { JsonServiceClient } from "@servicestack/client";
import * as dtos from "./dtos";

const client = new JsonServiceClient(${double(host)});
client.bearerToken = ${double(key)};
${kept(made, "const response = ")}await client.${small(made)}(new dtos.${made.operation.name}({${braced(styles.typescript, made, wire, ": ")}}));`],
  mjs: ["JavaScript", (made, host) => `import { JsonServiceClient } from "@servicestack/client";
import { ${made.operation.name} } from "./dtos.mjs";

const client = new JsonServiceClient(${double(host)});
client.bearerToken = ${double(key)};
${kept(made, "const response = ")}await client.${small(made)}(new ${made.operation.name}({${braced(styles.mjs, made, wire, ": ")}}));`],
  java: ["Java", (made, host) => `JsonServiceClient client = new JsonServiceClient(${double(host)});
client.setBearerToken(${double(key)});
var request = new dtos.${made.operation.name}();
${statements(styles.java, made, (field, value) => `request.set${pascal(field.name)}(${value});`)}${kept(made, "var response = ")}client.${posted(made)}(request);`],
  kotlin: ["Kotlin", (made, host) => `val client = JsonServiceClient(${dollar(host)})
client.bearerToken = ${dollar(key)}
${kept(made, "val response = ")}client.${posted(made)}(${made.operation.name}().apply {${braced(styles.kotlin, made, wire, " = ", "")}})`],
  python: ["Python", (made, host) => `from servicestack import JsonServiceClient
from dtos import *

client = JsonServiceClient(${double(host)})
client.bearer_token = ${double(key)}
request = ${made.operation.name}(${braced(styles.python, made, (field) => field.python, "=")})
${made.operation.returns ? `response = client.${small(made)}(request)` : `client.send(request, ${double(made.verb)})`}`],
  swift: ["Swift", (made, host) => `let client = JsonServiceClient(baseUrl: ${double(host)})
client.bearerToken = ${double(key)}
let request = ${made.operation.name}()
${statements(styles.swift, made, (field, value) => `request.${field.wire} = ${value}`)}${kept(made, "let response = ")}try await client.${small(made)}Async(request)`],
  dart: ["Dart", (made, host) => `final client = ClientFactory.create(${styles.dart.text(host)});
client.bearerToken = ${styles.dart.text(key)};
${kept(made, "final response = ")}await client.${small(made)}(${made.operation.name}(${braced(styles.dart, made, wire, ": ")}));`],
  php: ["PHP", (made, host) => `$client = new JsonServiceClient(${single(host)});
$client->bearerToken = ${single(key)};
${kept(made, "$response = ")}$client->${small(made)}(new ${made.operation.name}(${braced(styles.php, made, wire, ": ")}));`],
  fsharp: ["F#", (made, host) => `let client = new JsonServiceClient(${double(host)}, BearerToken = ${double(key)})
let request = ${made.operation.name}()
${statements(styles.fsharp, made, (field, value) => `request.${field.name} <- ${value}`)}${kept(made, "let response = ")}client.${cased(made)}(request)`],
  vbnet: ["VB.NET", (made, host) => `Dim client = New JsonServiceClient(${doubled(host)}) With {.BearerToken = ${doubled(key)}}
Dim request = New ${made.operation.name}()
${statements(styles.vbnet, made, (field, value) => `request.${field.name} = ${value}`)}${kept(made, "Dim response = ")}client.${cased(made)}(request)`],
  go: ["Go", (made, host) => `// func ptr[T any](value T) *T { return &value }
client := servicestack.NewClient(${double(host)})
client.SetBearerToken(${double(key)})
request := dtos.${made.operation.name}{}
${statements(styles.go, made, (field, value) => `request.${pascal(field.name)} = ${value}`)}${made.operation.returns ? "response, err := servicestack.Send" : "err := servicestack.SendVoid"}(client, request)`],
  ruby: ["Ruby", (made, host) => `client = ServiceStack::JsonServiceClient.new(${single(host)})
client.bearer_token = ${single(key)}
${kept(made, "response = ")}client.${small(made)}(${made.operation.name}.new(${braced(styles.ruby, made, (field) => snake(field.name), ": ")}))`],
  rust: ["Rust", (made, host) => `let mut client = JsonServiceClient::new(${double(host)});
client.set_bearer_token(${double(key)});
let mut request = ${made.operation.name}::default();
${statements(styles.rust, made, (field, value) => `request.${[...field.within, field.name].map(snake).join(".")} = Some(${value});`)}${kept(made, "let response = ")}client.send${made.operation.returns ? "" : "_void"}(&request).await?;`],
};
