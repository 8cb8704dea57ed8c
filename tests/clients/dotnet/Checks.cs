// .NET's own DataContractSerializer and HttpClient against a gateway, as ServiceStack's XML client for C# uses them, with the types that the
// gateway generates. Prints a JSON line for each check.
using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.Serialization;
using System.Text;
using System.Text.Json;
using System.Xml;
using ServiceStack.Own;
using Voice.Api;
using Voice.Api.Flows;
using Voice.Api.Sessions;

[assembly: ContractNamespace("http://schemas.servicestack.net/types", ClrNamespace = "ServiceStack.Own")]

namespace ServiceStack.Own
{
    [DataContract]
    public class ResponseError
    {
        [DataMember(Order = 1)] public string ErrorCode { get; set; }
        [DataMember(Order = 2)] public string FieldName { get; set; }
        [DataMember(Order = 3)] public string Message { get; set; }
        [DataMember(Order = 4)] public Dictionary<string, string> Meta { get; set; }
    }

    [DataContract]
    public class ResponseStatus
    {
        [DataMember(Order = 1)] public string ErrorCode { get; set; }
        [DataMember(Order = 2)] public string Message { get; set; }
        [DataMember(Order = 3)] public string StackTrace { get; set; }
        [DataMember(Order = 4)] public List<ResponseError> Errors { get; set; }
        [DataMember(Order = 5)] public Dictionary<string, string> Meta { get; set; }
    }

    [DataContract]
    public class ErrorResponse
    {
        [DataMember(Order = 1)] public ResponseStatus ResponseStatus { get; set; }
    }

    [DataContract]
    public class Authenticate
    {
        [DataMember(Order = 1)] public string provider { get; set; }
        [DataMember(Order = 5)] public string UserName { get; set; }
        [DataMember(Order = 6)] public string Password { get; set; }
        [DataMember(Order = 7)] public bool? RememberMe { get; set; }
    }

    [DataContract]
    public class AuthenticateResponse
    {
        [DataMember(Order = 1)] public string UserId { get; set; }
        [DataMember(Order = 2)] public string SessionId { get; set; }
        [DataMember(Order = 3)] public string UserName { get; set; }
        [DataMember(Order = 4)] public string DisplayName { get; set; }
        [DataMember(Order = 5)] public string ReferrerUrl { get; set; }
        [DataMember(Order = 6)] public string BearerToken { get; set; }
        [DataMember(Order = 7)] public string RefreshToken { get; set; }
        [DataMember(Order = 8)] public ResponseStatus ResponseStatus { get; set; }
        [DataMember(Order = 9)] public Dictionary<string, string> Meta { get; set; }
    }
}

public class Failed : Exception
{
    public Failed(string message) : base(message) { }
}

public static class Checks
{
    static readonly string Url = Variable("URL"), Email = Variable("EMAIL"), Password = Variable("PASSWORD"), Key = Variable("KEY"), PoorKey = Variable("POOR_KEY");
    static readonly string[] Names = JsonSerializer.Deserialize<string[]>(Variable("NAMES"));

    static string Variable(string name) => Environment.GetEnvironmentVariable(name);

    static void Equal(object expected, object found, string what)
    {
        if (!Equals(expected, found)) throw new Failed($"{what}: '{found}', not '{expected}'");
    }

    // How a DTO is written: as 4.x writes it, with a byte order mark in front.
    static byte[] Write(object dto)
    {
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new UTF8Encoding(true), CheckCharacters = false, NewLineHandling = NewLineHandling.Entitize }))
            new DataContractSerializer(dto.GetType()).WriteObject(writer, dto);
        return stream.ToArray();
    }

    static T Read<T>(byte[] document)
    {
        using var reader = XmlDictionaryReader.CreateTextReader(document, XmlDictionaryReaderQuotas.Max);
        return (T)new DataContractSerializer(typeof(T)).ReadObject(reader, true);
    }

    class Answer
    {
        public int Status;
        public string MediaType;
        public byte[] Body;
    }

    static HttpClient Client(string key) => Client(new AuthenticationHeaderValue("Bearer", key));

    static HttpClient Client(AuthenticationHeaderValue authorization)
    {
        var made = new HttpClient(new HttpClientHandler { AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate });
        made.DefaultRequestHeaders.Authorization = authorization;
        return made;
    }

    static Answer Send(HttpClient client, string verb, string path, object dto, string encoding = null, bool expect = false, string accept = "application/xml")
    {
        var request = new HttpRequestMessage(new HttpMethod(verb), Url + path);
        request.Headers.Accept.ParseAdd(accept);
        request.Headers.ExpectContinue = expect;
        if (dto != null)
        {
            var body = Write(dto);
            if (encoding != null)
            {
                var packed = new MemoryStream();
                using (Stream packer = encoding == "gzip" ? (Stream)new GZipStream(packed, CompressionMode.Compress) : new DeflateStream(packed, CompressionMode.Compress))
                    packer.Write(body);
                body = packed.ToArray();
            }
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/xml");
            if (encoding != null) request.Content.Headers.ContentEncoding.Add(encoding);
        }
        var answer = client.SendAsync(request).Result;
        return new Answer
        {
            Status = (int)answer.StatusCode,
            MediaType = answer.Content.Headers.ContentType?.MediaType,
            Body = answer.Content.ReadAsByteArrayAsync().Result,
        };
    }

    static T Done<T>(Answer answer)
    {
        Equal("200 application/xml", $"{answer.Status} {answer.MediaType}", Encoding.UTF8.GetString(answer.Body));
        return Read<T>(answer.Body);
    }

    static ResponseStatus Refused(int status, Answer answer)
    {
        Equal($"{status} application/xml", $"{answer.Status} {answer.MediaType}", Encoding.UTF8.GetString(answer.Body));
        return Read<ErrorResponse>(answer.Body).ResponseStatus;
    }

    static SessionInfo Create(NewSession dto, string path = "/xml/reply/NewSession") => Done<SessionInfo>(Send(Client(Key), "POST", path, dto));

    // Every member of a DTO that was read from XML is what JSON says of it.
    static void Same(JsonElement expected, object found, string place)
    {
        switch (expected.ValueKind)
        {
            case JsonValueKind.Object when found is IDictionary map:
                foreach (var member in expected.EnumerateObject()) Same(member.Value, map[member.Name], $"{place}.{member.Name}");
                Equal(expected.EnumerateObject().Count(), map.Count, place);
                break;
            case JsonValueKind.Object:
                if (found == null) throw new Failed($"{place} is null");
                foreach (var member in found.GetType().GetProperties())
                {
                    var name = char.ToLowerInvariant(member.Name[0]) + member.Name.Substring(1);
                    var value = member.GetValue(found);
                    if (expected.TryGetProperty(name, out var other)) Same(other, value, $"{place}.{name}");
                    else if (value != null) throw new Failed($"{place}.{name} is {value}, and not there in JSON");
                }
                break;
            case JsonValueKind.Array:
                var items = ((IEnumerable)found).Cast<object>().ToList();
                Equal(expected.GetArrayLength(), items.Count, place);
                for (var index = 0; index < items.Count; index++) Same(expected[index], items[index], $"{place}[{index}]");
                break;
            case JsonValueKind.True:
            case JsonValueKind.False:
                Equal(expected.GetBoolean(), found, place);
                break;
            case JsonValueKind.Number:
                Equal(expected.GetInt64(), Convert.ToInt64(found), place);
                break;
            default:
                Equal(expected.GetString(), found?.ToString(), place);
                break;
        }
    }

    static JsonElement Json(string path)
    {
        var client = Client(Key);
        client.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        return JsonDocument.Parse(client.GetStringAsync(Url + path).Result).RootElement;
    }

    static NewSession Whole() => new NewSession
    {
        DisplayName = "Support",
        Channel = FlowChannels.Voice,
        Direction = SessionDirections.Incoming,
        CallState = SessionCallState.Ringing,
        FromAddress = "+15551230001",
        FromName = "Ann & <Example>",
        ToAddress = "+15551230002",
        FromPhoneNumber = "+15551230001",
        Destination = "+15551230002",
        MemberEmailAddresses = new List<string> { "bob@example.org", "eve@example.org" },
        StartSession = true,
    };

    static void create_by_reply()
    {
        var made = Create(Whole());
        Equal("Support", made.DisplayName, "displayName");
        Equal(FlowChannels.Voice.ToString(), made.Channel.ToString(), "channel");
        Equal(3, made.Members.Count, "members");
        Same(Json("/sessions/" + made.Id), made, "session");
    }

    static void create_by_rest()
    {
        var made = Create(Whole(), "/sessions");
        Same(Json("/sessions/" + made.Id), Done<SessionInfo>(Send(Client(Key), "GET", "/sessions/" + made.Id, null)), "session");
    }

    static void defaults()
    {
        var made = Create(new NewSession());
        Equal("Voice Outgoing Connected", $"{made.Channel} {made.Direction} {made.CallState}", "defaults");
        Equal(Email, made.FromAddress, "fromAddress");
    }

    static void names()
    {
        foreach (var name in Names)
        {
            var made = Create(new NewSession { DisplayName = name });
            Equal(name, made.DisplayName, "the answer");
            Equal(name, Done<SessionInfo>(Send(Client(Key), "GET", "/sessions/" + made.Id, null)).DisplayName, "the session");
        }
    }

    static void compressed()
    {
        foreach (var encoding in new[] { "gzip", "deflate" })
            Equal(encoding, Done<SessionInfo>(Send(Client(Key), "POST", "/sessions", new NewSession { DisplayName = encoding }, encoding)).DisplayName, encoding);
    }

    static void expecting()
    {
        Equal("later", Done<SessionInfo>(Send(Client(Key), "POST", "/sessions", new NewSession { DisplayName = "later" }, expect: true)).DisplayName, "displayName");
    }

    static void field_errors()
    {
        var bad = new NewSession { WithAddress = "nonsense", MemberEmailAddresses = new List<string> { "a@example.org", "nobody" } };
        var status = Refused(400, Send(Client(Key), "POST", "/xml/reply/NewSession", bad));
        Equal("RegularExpression", status.ErrorCode, "errorCode");
        Equal("RegularExpression WithAddress, Email MemberEmailAddresses[1]",
            string.Join(", ", status.Errors.Select(each => $"{each.ErrorCode} {each.FieldName}")), "errors");
        Equal("nobody", status.Errors[1].Meta["PropertyValue"], "meta");
    }

    static void refused()
    {
        Equal("Unauthorized", Refused(401, Send(Client("wrong"), "POST", "/sessions", new NewSession())).ErrorCode, "401");
        Equal("Invalid Role", Refused(403, Send(Client(PoorKey), "POST", "/sessions", new NewSession())).Message, "403");
        Refused(404, Send(Client(Key), "GET", "/sessions/nobody", null));
        Refused(404, Send(Client(Key), "GET", "/no-such-route", null));
        Refused(405, Send(Client(Key), "DELETE", "/xml/reply/NewSession", null));
    }

    static void batch()
    {
        var three = Enumerable.Range(0, 3).Select(each => new NewSession { DisplayName = each.ToString() }).ToArray();
        var made = Done<List<SessionInfo>>(Send(Client(Key), "POST", "/xml/reply/NewSession[]", three));
        Equal("0, 1, 2", string.Join(", ", made.Select(each => each.DisplayName)), "names");
        three[1].WithAddress = "nonsense";
        Equal("1", Refused(400, Send(Client(Key), "POST", "/xml/reply/NewSession[]", three)).Meta["AutoBatchIndex"], "index");
    }

    static void one_way()
    {
        var answer = Send(Client(Key), "POST", "/xml/oneway/NewSession", new NewSession { DisplayName = "one way" });
        Equal("one way", Done<SessionInfo>(answer).DisplayName, "displayName");
    }

    static void change_and_end()
    {
        var made = Create(new NewSession { DisplayName = "to end" });
        var patch = new PatchSession { SessionId = made.Id, ConsoleData = "a \"b\"\r\n<c>" };
        Equal(patch.ConsoleData, Done<SessionInfo>(Send(Client(Key), "PATCH", "/sessions/" + made.Id, patch)).ConsoleData, "consoleData");
        Equal(204, Send(Client(Key), "DELETE", "/sessions/" + made.Id, null).Status, "status");
        var ended = Done<SessionInfo>(Send(Client(Key), "GET", "/sessions/" + made.Id, null));
        Equal(true, ended.Ended, "ended");
        Same(Json("/sessions/" + made.Id), ended, "session");
    }

    static void lists()
    {
        var ids = Enumerable.Range(0, 3).Select(each => Create(Whole()).Id).ToArray();
        var path = "/sessions?specificIds=" + string.Join(",", ids);
        var page = Done<ListResponse<SessionInfo>>(Send(Client(Key), "GET", path + "&format=xml", null));
        Equal(3, page.Items.Count, "items");
        Same(Json(path), page, "list");
        Same(Json(path + "&all=true"), Done<ListResponse<SessionInfo>>(Send(Client(Key), "GET", path + "&all=true", null)), "all");
    }

    static void log_in_and_out()
    {
        var me = Client((AuthenticationHeaderValue)null);
        var asked = new Authenticate { provider = "credentials", UserName = Email, Password = Password, RememberMe = true };
        var answer = Done<AuthenticateResponse>(Send(me, "POST", "/xml/reply/Authenticate", asked));
        Equal(Email, answer.UserName, "userName");
        if (string.IsNullOrEmpty(answer.SessionId) || string.IsNullOrEmpty(answer.BearerToken)) throw new Failed("no session or no token");
        Equal("by cookie", Done<SessionInfo>(Send(me, "POST", "/sessions", new NewSession { DisplayName = "by cookie" })).DisplayName, "displayName");
        Equal("by token", Done<SessionInfo>(Send(Client(answer.BearerToken), "POST", "/sessions", new NewSession { DisplayName = "by token" })).DisplayName, "displayName");
        Done<AuthenticateResponse>(Send(me, "POST", "/auth/logout", new Authenticate { provider = "logout" }));
        Equal(401, Send(me, "POST", "/sessions", new NewSession()).Status, "after logging out");
        asked.Password = "wrong";
        var wrong = Send(me, "POST", "/auth/credentials", asked);
        Equal("401 Invalid Username or Password", $"{wrong.Status} {Read<AuthenticateResponse>(wrong.Body).ResponseStatus.Message}", "a wrong password");
    }

    public static void Main()
    {
        Action[] checks =
        {
            create_by_reply, create_by_rest, defaults, names, compressed, expecting, field_errors, refused, batch, one_way, change_and_end, lists, log_in_and_out,
        };
        foreach (var check in checks)
        {
            string problem = null;
            try { check(); }
            catch (Exception error) { problem = error.ToString(); }
            Console.WriteLine(JsonSerializer.Serialize(new { check = check.Method.Name, problem }));
        }
    }
}
