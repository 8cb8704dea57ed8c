import com.google.gson.Gson;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import com.google.gson.reflect.TypeToken;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import net.servicestack.client.*;
import net.servicestack.client.sse.*;

/** Maven's net.servicestack:client with the DTOs of the API's own page against a gateway. Prints a JSON line for each check. */
public class Checks {
    static final String URL = System.getenv("URL");
    static final String EMAIL = System.getenv("EMAIL");
    static final String PASSWORD = System.getenv("PASSWORD");
    static final String KEY = System.getenv("KEY");
    static final String POOR_KEY = System.getenv("POOR_KEY");
    static final String[] NAMES = new Gson().fromJson(System.getenv("NAMES"), String[].class);

    // The page declares no return types, so these say them, as newer pages do.
    public static class NewSession extends dtos.NewSession implements IReturn<dtos.SessionInfo> {
        public Object getResponseType() { return dtos.SessionInfo.class; }
    }

    public static class GetSession implements IReturn<dtos.SessionInfo>, IGet {
        public String sessionId;
        public GetSession(String id) { sessionId = id; }
        public Object getResponseType() { return dtos.SessionInfo.class; }
    }

    public static class HoldSession implements IReturn<dtos.SessionInfo>, IPost {
        public String sessionId, reason;
        public HoldSession(String id, String why) { sessionId = id; reason = why; }
        public Object getResponseType() { return dtos.SessionInfo.class; }
    }

    public static class PatchSession {
        public String sessionId, consoleData;
    }

    public static class EndSession implements IReturnVoid, IDelete {
        public String sessionId;
        public EndSession(String id) { sessionId = id; }
    }

    public static class Page {
        public ArrayList<dtos.SessionInfo> items;
        public Boolean hasMorePages;
        public Integer totalCount;
    }

    public static class ListSessions implements IReturn<Page>, IGet {
        public Integer page, countPerPage;
        public ArrayList<String> specificIds;
        public Object getResponseType() { return Page.class; }
    }

    public static class AuthenticateResponse {
        public String userName, sessionId;
    }

    public static class Authenticate implements IReturn<AuthenticateResponse>, IPost {
        public String provider, userName, password;
        public Boolean rememberMe;
        public Authenticate(String how, String user, String secret, Boolean remember) {
            provider = how;
            userName = user;
            password = secret;
            rememberMe = remember;
        }
        public Object getResponseType() { return AuthenticateResponse.class; }
    }

    static JsonServiceClient client(String user, String password) {
        JsonServiceClient made = new JsonServiceClient(URL);
        made.setAlwaysSendBasicAuthHeaders(true);
        made.setCredentials(user, password);
        return made;
    }

    static JsonServiceClient client() { return client(EMAIL, PASSWORD); }

    static JsonServiceClient bearer(String token) {
        JsonServiceClient made = new JsonServiceClient(URL);
        made.setBearerToken(token);
        return made;
    }

    static NewSession named(String name) {
        NewSession made = new NewSession();
        made.setDisplayName(name);
        return made;
    }

    static void same(Object found, Object wanted) {
        if (wanted == null ? found != null : !wanted.equals(found)) throw new AssertionError(found + " is not " + wanted);
    }

    static WebServiceException refused(Callable<?> call) throws Exception {
        Object answer;
        try {
            answer = call.call();
        } catch (WebServiceException error) {
            return error;
        }
        throw new AssertionError("no error, but " + answer);
    }

    interface Check { void run() throws Exception; }

    static void createByApi() {
        NewSession wanted = named("Hi");
        wanted.setChannel(dtos.FlowChannels.Chat).setStartSession(true);
        dtos.SessionInfo made = client().post(wanted);
        same(made.getDisplayName(), "Hi");
        same(made.getChannel(), dtos.FlowChannels.Chat);
        same(made.getDialState(), dtos.SessionDialState.Active);
        same(made.getMembers().get(0).getIsOriginalMember(), true);
    }

    static void createByReply() {
        dtos.SessionInfo made = client().post("/json/reply/NewSession", named("Hi"), dtos.SessionInfo.class);
        same(made.getDisplayName(), "Hi");
    }

    static void createByRest() {
        dtos.SessionInfo made = client().post("/sessions", named("Hi"), dtos.SessionInfo.class);
        same(made.getDisplayName(), "Hi");
    }

    static void defaults() {
        dtos.SessionInfo made = client().post(new NewSession());
        same(made.getChannel(), dtos.FlowChannels.Voice);
        same(made.getDirection(), dtos.SessionDirections.Outgoing);
        same(made.getCallState(), dtos.SessionCallState.Connected);
        same(made.getFromAddress(), EMAIL);
        same(made.isEnded(), false);
    }

    static void names() {
        for (String name : NAMES) {
            dtos.SessionInfo made = client().post(named(name));
            same(made.getDisplayName(), name);
            dtos.SessionInfo found = client().get(new GetSession(made.getId()));
            same(found.getDisplayName(), name);
        }
    }

    static void fieldErrors() throws Exception {
        NewSession bad = named("bad");
        bad.setWithAddress("nonsense").setMemberEmailAddresses(new ArrayList<>(Arrays.asList("a@example.org", "nobody")));
        WebServiceException error = refused(() -> client().post(bad));
        same(error.getStatusCode(), 400);
        List<String> found = new ArrayList<>();
        for (ResponseError each : error.getFieldErrors()) found.add(each.getErrorCode() + " " + each.getFieldName());
        same(found, Arrays.asList("RegularExpression WithAddress", "Email MemberEmailAddresses[1]"));
    }

    static void notAuthenticated() throws Exception {
        same(refused(() -> new JsonServiceClient(URL).post(new NewSession())).getStatusCode(), 401);
        WebServiceException error = refused(() -> client(EMAIL, "wrong").post(new NewSession()));
        same(error.getStatusCode(), 401);
        same(error.getErrorMessage(), "Invalid Username or Password");
        same(refused(() -> bearer("wrong").post(new NewSession())).getStatusCode(), 401);
    }

    static void forbidden() throws Exception {
        WebServiceException error = refused(() -> bearer(POOR_KEY).post(new NewSession()));
        same(error.getStatusCode(), 403);
        same(error.getErrorMessage(), "Invalid Role");
    }

    static void notFound() throws Exception {
        same(refused(() -> client().get(new GetSession("nobody"))).getStatusCode(), 404);
        same(refused(() -> client().get("/no-such-route", dtos.SessionInfo.class)).getStatusCode(), 404);
    }

    static void apiKey() {
        dtos.SessionInfo byBearer = bearer(KEY).post(named("key"));
        same(byBearer.getDisplayName(), "key");
        dtos.SessionInfo byBasic = client(KEY, "").post(named("key"));
        same(byBasic.getDisplayName(), "key");
    }

    static void batch() throws Exception {
        Type list = new TypeToken<ArrayList<dtos.SessionInfo>>() {}.getType();
        List<NewSession> wanted = Arrays.asList(named("0"), named("1"), named("2"));
        ArrayList<dtos.SessionInfo> made = client().post("/json/reply/NewSession[]", wanted, list);
        for (int index = 0; index < 3; index++) same(made.get(index).getDisplayName(), String.valueOf(index));
        NewSession bad = named("bad");
        bad.setWithAddress("nonsense");
        WebServiceException error = refused(() -> client().post("/json/reply/NewSession[]", Arrays.asList(named("good"), bad), list));
        same(error.getStatusCode(), 400);
        same(error.getErrorCode(), "RegularExpression");
    }

    static void oneWay() {
        client().post("/json/oneway/NewSession", named("one way"), dtos.SessionInfo.class);
    }

    static void changeAndEnd() {
        JsonServiceClient me = client();
        dtos.SessionInfo made = me.post(named("to end"));
        PatchSession change = new PatchSession();
        change.sessionId = made.getId();
        change.consoleData = "a \"b\", c";
        me.RequestFilter = connection -> connection.setRequestProperty("X-HTTP-Method-Override", "PATCH");
        dtos.SessionInfo patched = me.post("/sessions/" + made.getId(), change, dtos.SessionInfo.class);
        same(patched.getConsoleData(), "a \"b\", c");
        me.RequestFilter = null;
        dtos.SessionInfo held = me.post(new HoldSession(made.getId(), "Transferring"));
        same(held.getCallState(), dtos.SessionCallState.Hold);
        me.delete(new EndSession(made.getId()));
        dtos.SessionInfo ended = me.get(new GetSession(made.getId()));
        same(ended.isEnded(), true);
    }

    static void lists() {
        JsonServiceClient me = client();
        ArrayList<String> ids = new ArrayList<>();
        for (int index = 0; index < 3; index++) {
            dtos.SessionInfo made = me.post(named("page"));
            ids.add(made.getId());
        }
        ListSessions wanted = new ListSessions();
        wanted.page = 1;
        wanted.countPerPage = 2;
        Page page = me.get(wanted);
        same(page.items.size(), 2);
        same(page.hasMorePages, true);
        ListSessions picked = new ListSessions();
        picked.specificIds = new ArrayList<>(ids.subList(0, 2));
        HashSet<String> found = new HashSet<>();
        Page answer = me.get(picked);
        for (dtos.SessionInfo each : answer.items) found.add(each.getId());
        same(found, new HashSet<>(ids.subList(0, 2)));
    }

    static void logInAndOut() throws Exception {
        JsonServiceClient me = new JsonServiceClient(URL);
        AuthenticateResponse answer = me.post(new Authenticate("credentials", EMAIL, PASSWORD, true));
        same(answer.userName, EMAIL);
        dtos.SessionInfo made = me.post(named("by cookie"));
        same(made.getDisplayName(), "by cookie");
        AuthenticateResponse end = me.post(new Authenticate("logout", null, null, null));
        same(end.userName, null);
        same(refused(() -> me.post(new NewSession())).getStatusCode(), 401);
        Authenticate wrong = new Authenticate("credentials", EMAIL, "wrong", null);
        WebServiceException error = refused(() -> me.post(wrong));
        same(error.getStatusCode(), 401);
        same(error.getErrorMessage(), "Invalid Username or Password");
    }

    static void until(List<String> seen, String wanted) throws Exception {
        for (int turn = 0; turn < 400; turn++) {
            if (seen.contains(wanted)) return;
            Thread.sleep(50);
        }
        throw new AssertionError(wanted + " is not in " + seen);
    }

    static void serverEvents() throws Exception {
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        List<String> failures = Collections.synchronizedList(new ArrayList<>());
        try (ServerEventsClient events = new ServerEventsClient(URL, "home")) {
            // The stream is opened with the cookies of the process.
            events.getServiceClient().post(new Authenticate("credentials", EMAIL, PASSWORD, null));
            events.setOnJoin(each -> seen.add("join " + each.getChannel() + " " + each.getDisplayName()));
            events.setOnUpdate(each -> seen.add("update " + String.join(",", each.getChannels())));
            events.setOnHeartbeat(each -> seen.add("heartbeat"));
            events.setOnMessage(each -> seen.add(each.getSelector() + " " + new Gson().fromJson(each.getJson(), JsonObject.class).get("displayName")));
            events.setOnException(error -> failures.add(error.toString()));
            events.start().waitTillConnected();
            until(seen, "join home " + EMAIL);
            same(events.getConnectionInfo().getHeartbeatIntervalMs(), 10000L);
            dtos.SessionInfo made = client().post(named("followed"));
            until(seen, "session.created \"followed\"");
            events.subscribeToChannels("session:" + made.getId());
            until(seen, "update home,session:" + made.getId());
            events.Heartbeat();
            until(seen, "heartbeat");
            List<ServerEventUser> users = events.getChannelSubscribers();
            same(users.size(), 1);
            same(users.get(0).getDisplayName(), EMAIL);
        }
        same(failures, new ArrayList<String>());
    }

    static void report(PrintStream out, String name, Check check) {
        JsonObject line = new JsonObject();
        line.addProperty("check", name);
        try {
            check.run();
            line.add("problem", JsonNull.INSTANCE);
        } catch (Throwable error) {
            StringWriter text = new StringWriter();
            error.printStackTrace(new PrintWriter(text));
            line.add("problem", new JsonPrimitive(text.toString()));
        }
        out.println(line);
    }

    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        // The library writes its own log to the standard output.
        System.setOut(System.err);
        report(out, "create_by_api", Checks::createByApi);
        report(out, "create_by_reply", Checks::createByReply);
        report(out, "create_by_rest", Checks::createByRest);
        report(out, "defaults", Checks::defaults);
        report(out, "names", Checks::names);
        report(out, "field_errors", Checks::fieldErrors);
        report(out, "not_authenticated", Checks::notAuthenticated);
        report(out, "forbidden", Checks::forbidden);
        report(out, "not_found", Checks::notFound);
        report(out, "api_key", Checks::apiKey);
        report(out, "batch", Checks::batch);
        report(out, "one_way", Checks::oneWay);
        report(out, "change_and_end", Checks::changeAndEnd);
        report(out, "lists", Checks::lists);
        report(out, "log_in_and_out", Checks::logInAndOut);
        report(out, "server_events", Checks::serverEvents);
    }
}
