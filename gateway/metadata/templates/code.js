// The call as code, in the words of each language's client library. Explorer.js has this in its scope.

const quoted = (text, quote) => quote + text.replaceAll("\\", "\\\\").replaceAll(quote, "\\" + quote).replaceAll("\n", "\\n").replaceAll("\r", "\\r") + quote;
const double = (text) => quoted(text, '"');
const single = (text) => quoted(text, "'");
const dollar = (text) => double(text).replaceAll("$", "\\$");
const doubled = (text) => '"' + text.replaceAll('"', '""') + '"';
const shell = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const snake = (name) => name.replace(/([A-Z]+)([A-Z][a-z])|([a-z\d])([A-Z])/g, (_, a, b, c, d) => (a || c) + "_" + (b || d)).toLowerCase();
const pascal = (name) => name[0].toUpperCase() + name.slice(1);

// Values. A style says how a language writes them; shapes are types as explorer.js has them. What is no number never stands where one is expected.

const same = (name) => name;
const isNumber = (value) => /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(String(value));
const fraction = (value) => (/[.eE]/.test(String(value)) ? String(value) : value + ".0");
const suffixed = (end, write = String) => (value) => write(value) + end;
const called = (name, quote) => (value) => name + "(" + quote(String(value)) + ")";
const around = (before, after) => (inner) => before + inner + after;
const between = (separator) => (a, b) => a + separator + b;
const brackets = around("[", "]"), braces = around("{ ", " }");

// A duration in seconds: ISO 8601's, or days, hours, minutes and seconds with colons.
function seconds(text) {
  const iso = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text), plain = /^(-?)(?:(\d+)\.)?(\d+):(\d+)(?::([\d.]+))?$/.exec(text);
  const [, sign, days, hours, minutes, rest] = iso || plain || [];
  return (sign ? -1 : 1) * ((days || 0) * 86400 + (hours || 0) * 3600 + (minutes || 0) * 60 + Number(rest || 0));
}

function bytesOf(text) {
  try { return [...atob(text)].map((each) => each.charCodeAt(0)); } catch { return []; }
}

// The member of an enum that a value is: its name, its text and its number. Of a sum of members there is none.
function memberOf(type, value) {
  return type.members.find(([name, text, number]) => [name, text].some((each) => each.toLowerCase() === String(value).toLowerCase()) || String(number) === String(value));
}

function enumLiteral(style, shape, value) {
  const type = api.types[shape[1]], member = memberOf(type, value);
  if ((type.flags && !style.hasFlags) || (type.numbered && !style.hasNumbered)) {
    if (member) return String(member[2]);
    return isNumber(value) ? String(value) : "0";
  }
  if (member) return style.member(shape[1], member[0], member);
  return style.sum && isNumber(value) ? style.sum(shape[1], value) : "0";
}

function literal(style, shape, value) {
  if (value === null || value === undefined) return style.none || "null";
  if (kindOf(shape) === "enum") return enumLiteral(style, shape, value);
  if (kindOf(shape) === "list" && Array.isArray(value)) return style.list(value.map((each) => item(style, shape[2], each)).join(style.comma || ", "), shape);
  if (kindOf(shape) === "map" && typeof value === "object") return style.map(Object.entries(value).map(([name, each]) => style.entry(item(style, shape[2], plainValue(shape[2], name)), item(style, shape[3], each), shape)).join(style.comma || ", "), shape);
  if (shape[1] === "KeyValuePair" && typeof value === "object" && style.pair) return style.pair(shape, item(style, shape[2], value.key ?? value.Key), item(style, shape[3], value.value ?? value.Value));
  if (kindOf(shape) === "record" && typeof value === "object" && api.types[shape[1]]) return recordLiteral(style, shape, value);
  if (shape[1] === "Object" || typeof value === "object") return style.any(value);
  if (shape[1] === "Boolean") return typeof value === "boolean" ? (style.truth || String)(value) : style.text(String(value));
  const write = style.kinds[shape[1]];
  if (numeric.test(shape[1])) return isNumber(value) ? (write || String)(String(value)) : style.text(String(value));
  return (write || style.text)(String(value));
}

// Within lists, maps and records a text may be written in another way than as a field's value.
function item(style, shape, value) {
  const code = literal(style.inner || style, shape, value);
  return shape[0].endsWith("?") && style.optional ? style.optional(code, shape) : code;
}

function recordLiteral(style, shape, value) {
  const names = new Map(Object.entries(value).map(([name, each]) => [name.toLowerCase(), each]));
  const given = fieldsOf(shape).filter((each) => names.has(each.wire.toLowerCase()) && names.get(each.wire.toLowerCase()) !== null);
  return style.record(shape, given.map((each) => [each, (style.field || ((code) => code))(item(style, each.shape, names.get(each.wire.toLowerCase())), each)]));
}

function lines(style, made, form) {
  return made.operation.fields.filter((each) => each.wire in made.given).map((each) => form(each, (style.field || ((code) => code))(literal(style, each.shape, made.given[each.wire]), each)));
}

// Types, in languages whose lists and maps name them.
function typed(language, forms) {
  return function type(shape) {
    if (shape[0].endsWith("?")) return forms.optional(type([kindOf(shape), ...shape.slice(1)]));
    if (kindOf(shape) === "list") return (shape[1] === "Array" ? forms.array : forms.list)(type(shape[2]));
    if (kindOf(shape) === "map") return forms.map(type(shape[2]), type(shape[3]));
    if (shape[1] === "KeyValuePair" || (kindOf(shape) === "record" && shape.length > 2)) return forms.generic(forms.named(shape[1]), shape.slice(2).map(type));
    const scalar = api.scalars[language][shape[1]];
    return scalar ? (forms.scalar || same)(scalar) : forms.named(shape[1]);
  };
}

// .NET's types that are no keywords are named with their namespace.
const inSystem = (name) => (/^(DateTime|DateTimeOffset|DateOnly|TimeOnly|TimeSpan|Guid|Uri|Type)$/.test(name) ? "System." + name : name === "Stream" ? "System.IO.Stream" : name);
const csharpType = typed("csharp", { list: around("List<", ">"), array: suffixed("[]"), map: (key, value) => `Dictionary<${key}, ${value}>`, generic: (name, given) => `${name}<${given.join(", ")}>`, named: same, scalar: inSystem, optional: suffixed("?") });
const vbnetType = typed("vbnet", { list: around("List(Of ", ")"), array: suffixed("()"), map: (key, value) => `Dictionary(Of ${key}, ${value})`, generic: (name, given) => `${name}(Of ${given.join(", ")})`, named: same, scalar: inSystem, optional: suffixed("?") });
const fsharpType = typed("fsharp", { list: around("List<", ">"), array: suffixed("[]"), map: (key, value) => `Dictionary<${key}, ${value}>`, generic: (name, given) => `${name}<${given.join(", ")}>`, named: same, scalar: inSystem, optional: around("Nullable<", ">") });
const kotlinType = typed("kotlin", { list: around("ArrayList<", ">"), array: around("ArrayList<", ">"), map: (key, value) => `HashMap<${key}, ${value}>`, generic: (name, given) => `${name}<${given.join(", ")}>`, named: same, scalar: (name) => ({ UUID: "java.util.UUID", Date: "java.util.Date", BigDecimal: "java.math.BigDecimal", BigInteger: "java.math.BigInteger", TimeSpan: "net.servicestack.client.TimeSpan" })[name] || name, optional: suffixed("?") });
const goType = typed("go", { list: around("[]", ""), array: around("[]", ""), map: (key, value) => `map[${key}]${value}`, generic: (name, given) => `${name}[${given.join(", ")}]`, named: (name) => "dtos." + pascal(name), optional: around("*", "") });
const zigType = typed("zig", { list: around("[]const ", ""), array: around("[]const ", ""), map: (_, value) => `std.json.ArrayHashMap(${value})`, generic: (name, given) => `dtos.${name}(${given.join(", ")})`, named: (name) => "dtos." + name, optional: around("?", "") });

// A field's name where names are words, and in an object of JavaScript.
const isWord = (name) => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name);
const word = (field) => (isWord(field.wire) ? field.wire : field.name[0].toLowerCase() + field.name.slice(1));
const inScript = (field) => (isWord(field.wire) ? field.wire : single(field.wire));
const dotted = between(".");
const inDtos = (type, name) => "dtos." + type + "." + name;
const shouted = (separator) => (type, name) => type + separator + snake(name).toUpperCase();
const capital = (value) => (value ? "True" : "False");
const jsonText = (quote) => (value) => quote(JSON.stringify(value));
// A value of any type, in languages whose literals are like JSON's.
const anyLike = (style) => function any(value) {
  if (Array.isArray(value)) return style.anyList(value.map(any).join(", "));
  if (value !== null && typeof value === "object") return style.anyMap(Object.entries(value).map(([name, each]) => style.entry(style.text(name), any(each))).join(", "));
  if (typeof value === "boolean") return (style.truth || String)(value);
  return typeof value === "number" ? String(value) : value === null ? style.none || "null" : style.text(String(value));
};
const members = (name, separator) => (given) => given.map(([each, code]) => name(each) + separator + code).join(", ");
// Types for which .NET has no null: properties of theirs are Nullable<T>.
const isValue = (shape) => kindOf(shape) === "enum" || shape[1] === "KeyValuePair" || (kindOf(shape) === "scalar" && !["String", "Byte[]", "Uri", "Type", "Object", "Stream"].includes(shape[1]) && shape[1] in api.scalars.csharp);

const netKinds = (quote, more) => ({
  DateTime: called("System.DateTime.Parse", quote), DateTimeOffset: called("System.DateTimeOffset.Parse", quote), DateOnly: called("System.DateOnly.Parse", quote),
  TimeOnly: (value) => `System.TimeOnly.FromTimeSpan(System.TimeSpan.FromSeconds(${fraction(seconds(value))}))`, TimeSpan: (value) => `System.TimeSpan.FromSeconds(${fraction(seconds(value))})`,
  Guid: called("System.Guid.Parse", quote), "Byte[]": called("System.Convert.FromBase64String", quote), Type: called("System.Type.GetType", quote), ...more,
});
const jvmKinds = (make, more) => ({
  DateTime: (value) => `java.util.Date.from(java.time.OffsetDateTime.parse(${make.text(value)}).toInstant())`, DateTimeOffset: (value) => `java.util.Date.from(java.time.OffsetDateTime.parse(${make.text(value)}).toInstant())`,
  TimeSpan: (value) => `${make.create}net.servicestack.client.TimeSpan(${fraction(seconds(value))})`, Guid: (value) => `java.util.UUID.fromString(${make.text(value)})`,
  UInt64: (value) => `${make.create}java.math.BigInteger(${double(value)})`, Decimal: (value) => `${make.create}java.math.BigDecimal(${double(value)})`,
  Int64: suffixed("L"), UInt32: suffixed("L"), Single: suffixed("f"), Double: fraction,
  "Byte[]": (value) => `java.util.Base64.getDecoder().decode(${make.text(value)})`, Stream: (value) => `java.util.Base64.getDecoder().decode(${make.text(value)})`, ...more,
});

const csharp = {
  text: double, hasFlags: true, hasNumbered: true, member: dotted, sum: (type, value) => `(${type})${value}`,
  list: (inner, shape) => `new ${csharpType(shape)} { ${inner} }`, map: (inner, shape) => `new ${csharpType(shape)} { ${inner} }`, entry: (a, b) => braces(a + ", " + b),
  record: (shape, given) => `new ${csharpType(shape)} { ${members((each) => each.name, " = ")(given)} }`, pair: (shape, a, b) => `new ${csharpType(shape)}(${a}, ${b})`,
  anyList: (inner) => `new List<object> { ${inner} }`, anyMap: (inner) => `new Dictionary<string, object> { ${inner} }`,
  kinds: netKinds(double, { Char: (value) => quoted(value.slice(0, 1), "'"), Int8: around("(sbyte)", ""), Int16: around("(short)", ""), Int64: suffixed("L"), Byte: around("(byte)", ""), UInt16: around("(ushort)", ""), UInt32: suffixed("U"), UInt64: suffixed("UL"), Single: suffixed("f"), Double: suffixed("d"), Decimal: suffixed("m"), Uri: (value) => `new System.Uri(${double(value)}, System.UriKind.RelativeOrAbsolute)`, Stream: (value) => `new System.IO.MemoryStream(System.Convert.FromBase64String(${double(value)}))` }),
};
const vbnet = {
  text: doubled, truth: capital, none: "Nothing", hasFlags: true, hasNumbered: true, member: dotted, sum: (type, value) => `CType(${value}, ${type})`,
  list: (inner, shape) => (shape[1] === "Array" ? `New ${vbnetType(shape)} {${inner}}` : `New ${vbnetType(shape)} From {${inner}}`), map: (inner, shape) => `New ${vbnetType(shape)} From {${inner}}`, entry: (a, b) => "{" + a + ", " + b + "}",
  record: (shape, given) => `New ${vbnetType(shape)} With {${members((each) => "." + each.name, " = ")(given)}}`, pair: (shape, a, b) => `New ${vbnetType(shape)}(${a}, ${b})`,
  anyList: (inner) => `New List(Of Object) From {${inner}}`, anyMap: (inner) => `New Dictionary(Of String, Object) From {${inner}}`,
  kinds: netKinds(doubled, { Char: (value) => doubled(value.slice(0, 1)) + "c", Int8: called("CSByte", same), Int16: suffixed("S"), Int64: suffixed("L"), Byte: called("CByte", same), UInt16: suffixed("US"), UInt32: suffixed("UI"), UInt64: suffixed("UL"), Single: suffixed("F"), Double: suffixed("R"), Decimal: suffixed("D"), Uri: (value) => `New System.Uri(${doubled(value)}, System.UriKind.RelativeOrAbsolute)`, Stream: (value) => `New System.IO.MemoryStream(System.Convert.FromBase64String(${doubled(value)}))` }),
};
const fsharp = {
  text: double, comma: "; ", none: "null", hasFlags: true, hasNumbered: true, member: dotted, sum: (type, value) => `enum<${type}> ${value}`,
  list: (inner, shape) => (shape[1] === "Array" ? `[| ${inner} |]` : `${fsharpType(shape)} [ ${inner} ]`), map: (inner) => `dict [ ${inner} ] |> Dictionary`, entry: (a, b) => "(" + a + ", " + b + ")",
  record: (shape, given) => `${fsharpType(shape)}(${members((each) => each.name, " = ")(given)})`, pair: (shape, a, b) => `${fsharpType(shape)}(${a}, ${b})`,
  field: (code, field) => (field.nullable && isValue(field.shape) ? `Nullable (${code})` : code),
  optional: (code, shape) => (isValue(shape) ? `Nullable (${code})` : code), any: (value) => `box (${typeof value === "object" ? double(JSON.stringify(value)) : typeof value === "string" ? double(value) : value})`,
  kinds: netKinds(double, { Char: (value) => quoted(value.slice(0, 1), "'"), Int8: suffixed("y"), Int16: suffixed("s"), Int64: suffixed("L"), Byte: suffixed("uy"), UInt16: suffixed("us"), UInt32: suffixed("u"), UInt64: suffixed("UL"), Single: suffixed("f", fraction), Double: fraction, Decimal: suffixed("m"), Uri: (value) => `System.Uri(${double(value)}, System.UriKind.RelativeOrAbsolute)`, Stream: (value) => `(new System.IO.MemoryStream(System.Convert.FromBase64String(${double(value)})))` }),
};
const typescript = {
  text: double, hasFlags: true, hasNumbered: true, member: inDtos, sum: (_, value) => String(value), list: brackets, map: braces, entry: (a, b) => (/^["\d]/.test(a) ? a : `[${a}]`) + ": " + b,
  record: (shape, given) => `new dtos.${shape[1]}({ ${members(inScript, ": ")(given)} })`, pair: (_, a, b) => `{ key: ${a}, value: ${b} }`, anyList: brackets, anyMap: braces, kinds: {},
};
const mjs = { ...typescript, member: (_, name, [, text, number]) => (typeof number === "number" && api.types[_] && (api.types[_].flags || api.types[_].numbered) ? String(number) : double(text)), record: (_, given) => `{ ${members(inScript, ": ")(given)} }` };
const java = {
  text: double, hasNumbered: true, member: inDtos, list: around("new ArrayList<>(List.of(", "))"), map: around("new HashMap<>(Map.ofEntries(", "))"), entry: (a, b) => `Map.entry(${a}, ${b})`,
  record: (shape, given) => `new dtos.${shape[1]}()${given.map(([each, code]) => `.set${pascal(each.name)}(${code})`).join("")}`,
  anyList: around("List.of(", ")"), anyMap: around("Map.ofEntries(", ")"),
  kinds: jvmKinds({ text: double, create: "new " }, { Int8: around("(byte) ", ""), Int16: around("(short) ", ""), Byte: around("(short) ", "") }),
};
const kotlin = {
  text: dollar, hasNumbered: true, member: dotted, list: around("arrayListOf(", ")"), map: around("hashMapOf(", ")"), entry: between(" to "),
  record: (shape, given) => `${shape[1]}().apply { ${given.map(([each, code]) => each.kotlin + " = " + code).join("; ")} }`, pair: (shape, a, b) => `${kotlinType(shape)}().apply { key = ${a}; value = ${b} }`,
  anyList: around("listOf(", ")"), anyMap: around("mapOf(", ")"),
  kinds: jvmKinds({ text: dollar, create: "" }, { Int8: suffixed(".toByte()", (value) => (value.startsWith("-") ? `(${value})` : value)), Int16: suffixed(".toShort()", (value) => (value.startsWith("-") ? `(${value})` : value)), Byte: suffixed(".toShort()") }),
};
const python = {
  text: double, none: "None", truth: capital, hasFlags: true, hasNumbered: true, member: shouted("."), sum: (type, value) => `${type}(${value})`, list: brackets, map: braces, entry: between(": "),
  record: (shape, given) => `${api.types[shape[1]].classes.python}(${members((each) => each.python, "=")(given)})`, pair: (_, a, b) => `KeyValuePair(key=${a}, value=${b})`, anyList: brackets, anyMap: braces,
  kinds: { Decimal: called("decimal.Decimal", double), DateTime: called("datetime.datetime.fromisoformat", (value) => double(value.replace(/Z$/, "+00:00"))), DateTimeOffset: called("datetime.datetime.fromisoformat", (value) => double(value.replace(/Z$/, "+00:00"))), TimeSpan: (value) => `datetime.timedelta(seconds=${seconds(value)})`, Single: fraction, Double: fraction, "Byte[]": (value) => `bytes(${brackets(bytesOf(value).join(", "))})`, Stream: (value) => `bytes(${brackets(bytesOf(value).join(", "))})` },
};
const swift = {
  text: (value) => double(value).replaceAll("\\#{", "#{"), none: "nil", hasNumbered: true, member: (_, name) => "." + name, list: brackets, map: brackets, entry: between(": "),
  record: (shape, given) => `{ let made = ${shape[1]}(); ${given.map(([each, code]) => `made.${word(each)} = ${code}; `).join("")}return made }()`, pair: (_, a, b) => `KeyValuePair(key: ${a}, value: ${b})`,
  any: function any(value) { return value === null ? ".null" : Array.isArray(value) ? `.list(${brackets(value.map(any).join(", "))})` : typeof value === "object" ? `.map(${brackets(Object.entries(value).map(([name, each]) => double(name) + ": " + any(each)).join(", ") || ":")})` : typeof value === "boolean" ? `.bool(${value})` : typeof value === "number" ? `.number(${value})` : `.text(${double(value)})`; },
  kinds: { DateTime: (value) => `ISO8601DateFormatter().date(from: ${double(value)})`, DateTimeOffset: (value) => `ISO8601DateFormatter().date(from: ${double(value)})`, "Byte[]": (value) => brackets(bytesOf(value).join(", ")), Stream: (value) => brackets(bytesOf(value).join(", ")) },
};
swift.inner = { ...swift, kinds: { ...swift.kinds, DateTime: suffixed("!", swift.kinds.DateTime), DateTimeOffset: suffixed("!", swift.kinds.DateTime) } };
const dartText = (text) => single(text).replaceAll("$", "\\$");
const dart = {
  text: dartText, member: (type, name, [, text]) => type + "." + (/^[A-Za-z_]\w*$/.test(text) ? text : name), list: brackets, map: braces, entry: between(": "),
  record: (shape, given) => `${shape[1]}(${members(word, ": ")(given)})`, pair: (_, a, b) => `KeyValuePair(key: ${a}, value: ${b})`, anyList: brackets, anyMap: braces,
  kinds: { DateTime: called("DateTime.parse", dartText), DateTimeOffset: called("DateTime.parse", dartText), TimeSpan: (value) => `Duration(microseconds: ${Math.round(seconds(value) * 1e6)})`, Single: fraction, Double: fraction, Decimal: fraction, "Byte[]": (value) => `Uint8List.fromList(${brackets(bytesOf(value).join(", "))})`, Stream: (value) => `Uint8List.fromList(${brackets(bytesOf(value).join(", "))})` },
};
const php = {
  text: single, hasNumbered: true, member: between("::"), list: brackets, map: brackets, entry: (a, b) => (/^\w+::\w+$/.test(a) ? a + "->value" : a) + " => " + b,
  record: (shape, given) => `new ${api.types[shape[1]].classes.php}(${members(word, ": ")(given)})`, pair: (_, a, b) => `new KeyValuePair(key: ${a}, value: ${b})`, anyList: brackets, anyMap: brackets,
  kinds: { DateTime: called("new \\DateTime", single), DateTimeOffset: called("new \\DateTime", single), TimeSpan: (value) => `new \\DateInterval('PT${Math.round(Math.abs(seconds(value)))}S')`, Single: fraction, Double: fraction, Decimal: fraction, "Byte[]": (value) => `new \\ServiceStack\\ByteArray(base64_decode(${single(value)}))`, Stream: (value) => `new \\ServiceStack\\ByteArray(base64_decode(${single(value)}))` },
};
// Go's fields of single values are pointers; a constant needs its type, so that the pointer has it.
const goPlain = {
  text: double, none: "nil", hasFlags: true, hasNumbered: true, member: (type, name) => "dtos." + pascal(type) + name, sum: (type, value) => `dtos.${pascal(type)}(${value})`,
  list: (inner, shape) => `${goType(shape)}{${inner}}`, map: (inner, shape) => `${goType(shape)}{${inner}}`, entry: between(": "),
  record: (shape, given) => `${goType(shape)}{${members((each) => pascal(each.name), ": ")(given)}}`, pair: (shape, a, b) => `${goType(shape)}{Key: ${a}, Value: ${b}}`, anyList: around("[]any{", "}"), anyMap: around("map[string]any{", "}"),
  field: (code, field) => { const shape = field.shape; return kindOf(shape) === "list" || kindOf(shape) === "map" || ["Byte[]", "Stream", "Object"].includes(shape[1]) ? code : numeric.test(shape[1]) && shape[1] !== "Int32" ? `ptr(${api.scalars.go[shape[1]]}(${code}))` : `ptr(${code})`; },
  optional: around("ptr(", ")"), kinds: { "Byte[]": (value) => `[]byte{${bytesOf(value).join(", ")}}`, Stream: (value) => `[]byte{${bytesOf(value).join(", ")}}` },
};
const ruby = {
  text: single, none: "nil", hasFlags: true, hasNumbered: true, member: shouted("::"), sum: (_, value) => String(value), list: brackets, map: braces, entry: between(" => "),
  record: (shape, given) => `${pascal(shape[1])}.new(${members((each) => snake(each.name), ": ")(given)})`, pair: (_, a, b) => `KeyValuePair.new(key: ${a}, value: ${b})`, anyList: brackets, anyMap: braces, kinds: { Single: fraction, Double: fraction, Decimal: fraction },
};
const rust = {
  text: (text) => double(text) + ".into()", none: "None", member: between("::"), list: around("vec![", "]"), map: around("[", "].into()"), entry: (a, b) => "(" + a + ", " + b + ")",
  record: (shape, given) => `${shape[1]} { ${given.map(([each, code]) => `${snake(each.name)}: ${code}, `).join("")}..Default::default() }`, pair: (_, a, b) => `KeyValuePair { key: Some(${a}), value: Some(${b}) }`,
  optional: around("Some(", ")"), any: (value) => `serde_json::json!(${JSON.stringify(value)})`, field: (code, field) => `Some(${kindOf(field.shape) === "record" ? `Box::new(${code})` : code})`, kinds: { Single: fraction, Double: fraction, Decimal: fraction },
};
const zigText = (text) => double(text).replace(/[\u0080-\uffff]/g, same);
const zig = {
  text: zigText, hasNumbered: true, member: (_, name, [, text]) => "." + zigName(api.types[_].numbered ? name : text), list: (inner, shape) => `&[_]${zigType(shape[2])}{ ${inner} }`, map: (inner, shape) => `try map(${zigType(shape[3])}, .{ ${inner} })`, entry: (a, b) => `.{ ${a}, ${b} }`,
  record: (shape, given) => `&.{ ${members((each) => "." + zigName(each.wire), " = ")(given)} }`, pair: (_, a, b) => `&.{ .key = ${a}, .value = ${b} }`,
  any: (value) => (value === null ? ".null" : typeof value === "boolean" ? `.{ .bool = ${value} }` : typeof value === "number" ? (Number.isInteger(value) ? `.{ .integer = ${value} }` : `.{ .float = ${value} }`) : `.{ .string = ${zigText(typeof value === "string" ? value : JSON.stringify(value))} }`), kinds: { Single: fraction, Double: fraction, Decimal: fraction },
};
const zigName = (name) => (/^[a-z_][A-Za-z0-9_]*$|^[A-Z][A-Za-z0-9_]*$/.test(name) && !/^(addrspace|align|allowzero|and|anyframe|anytype|asm|async|await|break|callconv|catch|comptime|const|continue|defer|else|enum|errdefer|error|export|extern|fn|for|if|inline|noalias|noinline|nosuspend|opaque|or|orelse|packed|pub|resume|return|linksection|struct|suspend|switch|test|threadlocal|try|union|unreachable|usingnamespace|var|volatile|while|bool|type|void)$/.test(name) ? name : `@"${name}"`);
const styles = { csharp, vbnet, fsharp, typescript, mjs, java, kotlin, python, swift, dart, php, go: goPlain, ruby, rust, zig };
for (const each of Object.values(styles)) each.any = each.any || anyLike(each);

const key = "YOUR_KEY";
const small = (made) => made.verb.toLowerCase();
const cased = (made) => made.verb[0] + made.verb.slice(1).toLowerCase();
// No Java has PATCH; the service takes a POST of the operation's name as well.
const posted = (made) => (made.verb === "PATCH" ? "post" : small(made));
// A variable for what is answered, where anything is.
const kept = (made, variable) => (made.operation.returns ? variable : "");
const wire = inScript;
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
  "typescript.d": ["TypeScript (declarations)", (made, host) => languages.typescript[1](made, host)],
  commonjs: ["CommonJS", (made, host) => `const { JsonServiceClient } = require("@servicestack/client");
const { ${made.operation.name} } = require("./dtos.js");

const client = new JsonServiceClient(${double(host)});
client.bearerToken = ${double(key)};
client.${small(made)}(new ${made.operation.name}({${braced(styles.mjs, made, wire, ": ")}})).then((response) => console.log(response));`],
  java: ["Java", (made, host) => `JsonServiceClient client = new JsonServiceClient(${double(host)});
client.setBearerToken(${double(key)});
var request = new dtos.${made.operation.name}();
${statements(styles.java, made, (field, value) => `request.set${pascal(field.name)}(${value});`)}${kept(made, "var response = ")}client.${posted(made)}(request);`],
  kotlin: ["Kotlin", (made, host) => `val client = JsonServiceClient(${dollar(host)})
client.bearerToken = ${dollar(key)}
${kept(made, "val response = ")}client.${posted(made)}(${made.operation.name}().apply {${braced(styles.kotlin, made, (field) => field.kotlin, " = ", "")}})`],
  python: ["Python", (made, host) => `from servicestack import JsonServiceClient
from dtos import *

client = JsonServiceClient(${double(host)})
client.bearer_token = ${double(key)}
request = ${made.operation.classes.python}(${braced(styles.python, made, (field) => field.python, "=")})
${made.operation.returns ? `response = client.${small(made)}(request)` : `client.send(request, ${double(made.verb)})`}`],
  swift: ["Swift", (made, host) => `let client = JsonServiceClient(baseUrl: ${double(host)})
client.bearerToken = ${double(key)}
let request = ${made.operation.name}()
${statements(styles.swift, made, (field, value) => `request.${word(field)} = ${value}`)}${kept(made, "let response = ")}try await client.${small(made)}Async(request)`],
  dart: ["Dart", (made, host) => `final client = ClientFactory.create(${styles.dart.text(host)});
client.bearerToken = ${styles.dart.text(key)};
${kept(made, "final response = ")}await client.${small(made)}(${made.operation.name}(${braced(styles.dart, made, word, ": ")}));`],
  php: ["PHP", (made, host) => `$client = new JsonServiceClient(${single(host)});
$client->bearerToken = ${single(key)};
${kept(made, "$response = ")}$client->${small(made)}(new ${made.operation.classes.php}(${braced(styles.php, made, word, ": ")}));`],
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
${statements(styles.rust, made, (field, value) => `request.${[...field.within, field.name].map(snake).join(".")} = ${value};`)}${kept(made, "let response = ")}client.send${made.operation.returns ? "" : "_void"}(&request).await?;`],
  zig: ["Zig", (made, host) => `var client = try servicestack.JsonServiceClient.init(allocator, ${zigText(host)});
client.bearer_token = ${zigText(key)};
const request = dtos.${made.operation.name}{${braced(styles.zig, made, (field) => "." + zigName(field.wire), " = ")}};
${made.operation.returns ? "const response = try client.send(request);" : "try client.sendVoid(request);"}`],
};
