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
// No Java has PATCH; the service takes a POST of the operation's name as well.
const javaVerb = (made) => (made.verb === "PATCH" ? "post" : made.verb.toLowerCase());
const cased = (made) => made.verb[0] + made.verb.slice(1).toLowerCase();
// The call itself, kept in a variable where it answers something.
const kept = (made, word, text) => (made.operation.returns ? word + text : text);
const assigned = (style, made, name, equals = " = ", end = "") => lines(style, made, (field, value) => "request." + name(field) + equals + value + end + "\n").join("");
const braced = (style, made, name, separator, indent = "    ", end = ",") => {
  const all = lines(style, made, (field, value) => indent + name(field) + separator + value);
  return all.length ? "\n" + all.join(end + "\n") + "\n" : "";
};
const wire = (field) => field.wire;
const member = (field) => field.name;

const languages = {
  curl: ["curl", (made, host) => {
    const parts = ["curl" + (made.verb === "GET" ? "" : " -X " + made.verb) + " " + shell(host + made.url)];
    for (const [name, value] of Object.entries(made.headers)) parts.push("-H " + shell(name + ": " + (name === "Authorization" ? value.split(" ")[0] + " YOUR_CREDENTIALS" : value)));
    if (made.body !== null) parts.push("--data-binary " + shell(made.body));
    return parts.join(" \\\n  ");
  }],
  csharp: ["C#", (made, host) => "var client = new JsonServiceClient(" + double(host) + ") { BearerToken = " + double(key) + " };\n" + kept(made, "var response = ", "client." + cased(made) + "(new " + made.operation.name + " {" + braced(styles.csharp, made, member, " = ") + "});")],
  typescript: ["TypeScript", (made, host) => "import { JsonServiceClient } from \"@servicestack/client\";\nimport * as dtos from \"./dtos\";\n\nconst client = new JsonServiceClient(" + double(host) + ");\nclient.bearerToken = " + double(key) + ";\n" + kept(made, "const response = ", "await client." + made.verb.toLowerCase() + "(new dtos." + made.operation.name + "({" + braced(styles.typescript, made, wire, ": ") + "}));")],
  mjs: ["JavaScript", (made, host) => "import { JsonServiceClient } from \"@servicestack/client\";\nimport { " + made.operation.name + " } from \"./dtos.mjs\";\n\nconst client = new JsonServiceClient(" + double(host) + ");\nclient.bearerToken = " + double(key) + ";\n" + kept(made, "const response = ", "await client." + made.verb.toLowerCase() + "(new " + made.operation.name + "({" + braced(styles.mjs, made, wire, ": ") + "}));")],
  java: ["Java", (made, host) => "JsonServiceClient client = new JsonServiceClient(" + double(host) + ");\nclient.setBearerToken(" + double(key) + ");\nvar request = new dtos." + made.operation.name + "();\n" + lines(styles.java, made, (field, value) => "request.set" + pascal(field.name) + "(" + value + ");\n").join("") + kept(made, "var response = ", "client." + javaVerb(made) + "(request);")],
  kotlin: ["Kotlin", (made, host) => "val client = JsonServiceClient(" + dollar(host) + ")\nclient.bearerToken = " + dollar(key) + "\n" + kept(made, "val response = ", "client." + javaVerb(made) + "(" + made.operation.name + "().apply {" + braced(styles.kotlin, made, wire, " = ", "    ", "") + "})")],
  python: ["Python", (made, host) => "from servicestack import JsonServiceClient\nfrom dtos import *\n\nclient = JsonServiceClient(" + double(host) + ")\nclient.bearer_token = " + double(key) + "\nrequest = " + made.operation.name + "(" + braced(styles.python, made, (field) => field.python, "=") + ")\n" + (made.operation.returns ? "response = client." + made.verb.toLowerCase() + "(request)" : "client.send(request, " + double(made.verb) + ")")],
  swift: ["Swift", (made, host) => "let client = JsonServiceClient(baseUrl: " + double(host) + ")\nclient.bearerToken = " + double(key) + "\nlet request = " + made.operation.name + "()\n" + assigned(styles.swift, made, wire) + kept(made, "let response = ", "try await client." + made.verb.toLowerCase() + "Async(request)")],
  dart: ["Dart", (made, host) => "final client = ClientFactory.create(" + styles.dart.text(host) + ");\nclient.bearerToken = " + styles.dart.text(key) + ";\n" + kept(made, "final response = ", "await client." + made.verb.toLowerCase() + "(" + made.operation.name + "(" + braced(styles.dart, made, wire, ": ") + "));")],
  php: ["PHP", (made, host) => "$client = new JsonServiceClient(" + single(host) + ");\n$client->bearerToken = " + single(key) + ";\n" + kept(made, "$response = ", "$client->" + made.verb.toLowerCase() + "(new " + made.operation.name + "(" + braced(styles.php, made, wire, ": ") + "));")],
  fsharp: ["F#", (made, host) => "let client = new JsonServiceClient(" + double(host) + ", BearerToken = " + double(key) + ")\nlet request = " + made.operation.name + "()\n" + assigned(styles.fsharp, made, member, " <- ") + kept(made, "let response = ", "client." + cased(made) + "(request)")],
  vbnet: ["VB.NET", (made, host) => "Dim client = New JsonServiceClient(" + doubled(host) + ") With {.BearerToken = " + doubled(key) + "}\nDim request = New " + made.operation.name + "()\n" + assigned(styles.vbnet, made, member) + kept(made, "Dim response = ", "client." + cased(made) + "(request)")],
  go: ["Go", (made, host) => "// func ptr[T any](value T) *T { return &value }\nclient := servicestack.NewClient(" + double(host) + ")\nclient.SetBearerToken(" + double(key) + ")\nrequest := dtos." + made.operation.name + "{}\n" + assigned(styles.go, made, (field) => pascal(field.name)) + (made.operation.returns ? "response, err := servicestack.Send" : "err := servicestack.SendVoid") + "(client, request)"],
  ruby: ["Ruby", (made, host) => "client = ServiceStack::JsonServiceClient.new(" + single(host) + ")\nclient.bearer_token = " + single(key) + "\n" + kept(made, "response = ", "client." + made.verb.toLowerCase() + "(" + made.operation.name + ".new(" + braced(styles.ruby, made, (field) => snake(field.name), ": ") + "))")],
  rust: ["Rust", (made, host) => "let mut client = JsonServiceClient::new(" + double(host) + ");\nclient.set_bearer_token(" + double(key) + ");\nlet mut request = " + made.operation.name + "::default();\n" + lines(styles.rust, made, (field, value) => "request." + [...field.within.map(snake), snake(field.name)].join(".") + " = Some(" + value + ");\n").join("") + kept(made, "let response = ", "client.send" + (made.operation.returns ? "" : "_void") + "(&request).await?;")],
};
