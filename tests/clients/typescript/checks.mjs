// npm's @servicestack/client, version 2 or 1, against a gateway. Prints a JSON line for each check.
import assert from "node:assert/strict"

const module = await import("@servicestack/client")
const { JsonServiceClient } = module.JsonServiceClient ? module : module.default
const { URL: url, EMAIL, PASSWORD, KEY, POOR_KEY } = process.env
const NAMES = JSON.parse(process.env.NAMES)

class Dto {
    constructor(init) { Object.assign(this, init) }
    getTypeName() { return this.constructor.name }
}
class Reply { constructor(init) { Object.assign(this, init) } }
class NewSession extends Dto { createResponse() { return new Reply() } getMethod() { return "POST" } }
class GetSession extends Dto { createResponse() { return new Reply() } getMethod() { return "GET" } }
class PatchSession extends Dto { createResponse() { return new Reply() } getMethod() { return "PATCH" } }
class HoldSession extends Dto { createResponse() { return new Reply() } getMethod() { return "POST" } }
class EndSession extends Dto { createResponse() {} getMethod() { return "DELETE" } }
class ListSessions extends Dto { createResponse() { return new Reply() } getMethod() { return "GET" } }
class Authenticate extends Dto { createResponse() { return new Reply() } getMethod() { return "POST" } }

function client() {
    const made = new JsonServiceClient(url)
    made.setCredentials(EMAIL, PASSWORD)
    return made
}

function bearer(token) {
    const made = new JsonServiceClient(url)
    made.bearerToken = token
    return made
}

async function refused(call) {
    try {
        await call()
    } catch (error) {
        return error.responseStatus ?? error
    }
    assert.fail("no error")
}

const checks = {
    async create_by_api() {
        const me = client()
        if (me.useBasePath) me.useBasePath("/api")
        const made = await me.post(new NewSession({ displayName: "Hi", channel: "Chat", startSession: true }))
        assert.deepEqual([made.displayName, made.channel, made.dialState], ["Hi", "Chat", "Active"])
    },
    async create_by_reply() {
        const me = client()
        me.replyBaseUrl = me.baseUrl.replace(/\/$/, "") + "/json/reply/"
        assert.equal((await me.post(new NewSession({ displayName: "Hi" }))).displayName, "Hi")
    },
    async create_by_rest() {
        const made = await client().postToUrl("/sessions", new NewSession({ displayName: "Hi" }))
        assert.equal(made.displayName, "Hi")
    },
    async defaults() {
        const made = await client().post(new NewSession({ displayName: null, channel: null, memberEmailAddresses: null }))
        assert.deepEqual([made.channel, made.direction, made.callState, made.fromAddress, made.ended],
            ["Voice", "Outgoing", "Connected", EMAIL, false])
    },
    async names() {
        for (const name of NAMES) {
            const made = await client().post(new NewSession({ displayName: name }))
            assert.equal(made.displayName, name)
            assert.equal((await client().get(new GetSession({ sessionId: made.id }))).displayName, name)
        }
    },
    async field_errors() {
        const bad = new NewSession({ withAddress: "nonsense", memberEmailAddresses: ["a@example.org", "nobody"] })
        const status = await refused(() => client().post(bad))
        assert.deepEqual(status.errors.map(each => [each.errorCode, each.fieldName]),
            [["RegularExpression", "WithAddress"], ["Email", "MemberEmailAddresses[1]"]])
    },
    async not_authenticated() {
        assert.equal((await refused(() => new JsonServiceClient(url).post(new NewSession()))).errorCode, "Unauthorized")
        const wrong = new JsonServiceClient(url)
        wrong.setCredentials(EMAIL, "wrong")
        assert.equal((await refused(() => wrong.post(new NewSession()))).message, "Invalid Username or Password")
        assert.equal((await refused(() => bearer("wrong").post(new NewSession()))).errorCode, "Unauthorized")
    },
    async forbidden() {
        const status = await refused(() => bearer(POOR_KEY).post(new NewSession()))
        assert.deepEqual([status.errorCode, status.message], ["Invalid Role", "Invalid Role"])
    },
    async not_found() {
        assert.equal((await refused(() => client().get(new GetSession({ sessionId: "nobody" })))).errorCode, "NotFound")
        assert.equal((await refused(() => client().get("/no-such-route"))).errorCode, "NotFound")
    },
    async api_key() {
        assert.equal((await bearer(KEY).post(new NewSession({ displayName: "key" }))).displayName, "key")
        const basic = new JsonServiceClient(url)
        basic.setCredentials(KEY, "")
        // Without a password the library sends no credentials by itself.
        basic.headers.set("Authorization", "Basic " + Buffer.from(KEY + ":").toString("base64"))
        assert.equal((await basic.post(new NewSession({ displayName: "key" }))).displayName, "key")
    },
    async batch() {
        const made = await client().sendAll([0, 1, 2].map(each => new NewSession({ displayName: String(each) })))
        assert.deepEqual(made.map(each => each.displayName), ["0", "1", "2"])
        const status = await refused(() => client().sendAll([new NewSession(), new NewSession({ withAddress: "nonsense" })]))
        assert.equal(status.errorCode, "RegularExpression")
    },
    async one_way() {
        const made = await client().post(new NewSession({ displayName: "to end" }))
        await client().sendOneWay(new NewSession({ displayName: "one way" }))
        const ending = client()
        ending.oneWayBaseUrl = ending.baseUrl.replace(/\/$/, "") + "/json/oneway/"
        await ending.sendOneWay(new EndSession({ sessionId: made.id }))
        assert.equal((await client().get(new GetSession({ sessionId: made.id }))).ended, true)
        await client().sendAllOneWay([new NewSession({ displayName: "one way" })])
        await client().publish(new NewSession({ displayName: "published" }))
    },
    async change_and_end() {
        const me = client()
        const made = await me.post(new NewSession({ displayName: "to end" }))
        const patched = await me.patch(new PatchSession({ sessionId: made.id, consoleData: 'a "b", c' }))
        assert.equal(patched.consoleData, 'a "b", c')
        assert.equal((await me.post(new HoldSession({ sessionId: made.id, reason: "Transferring" }))).callState, "Hold")
        await me.delete(new EndSession({ sessionId: made.id }))
        assert.equal((await me.get(new GetSession({ sessionId: made.id }))).ended, true)
    },
    async lists() {
        const me = client()
        const ids = []
        for (let each = 0; each < 3; each++) ids.push((await me.post(new NewSession({ displayName: "page" }))).id)
        const page = await me.get(new ListSessions({ page: 1, countPerPage: 2 }))
        assert.equal(page.items.length, 2)
        assert.equal(page.hasMorePages, true)
        const picked = await me.get(new ListSessions({ specificIds: ids.slice(0, 2) }))
        assert.deepEqual(picked.items.map(each => each.id).sort(), ids.slice(0, 2).sort())
    },
    async log_in_and_out() {
        const me = new JsonServiceClient(url)
        const answer = await me.post(new Authenticate({ provider: "credentials", userName: EMAIL, password: PASSWORD, rememberMe: true }))
        assert.equal(answer.userName, EMAIL)
        assert.ok(answer.sessionId)
        assert.equal((await me.post(new NewSession({ displayName: "by cookie" }))).displayName, "by cookie")
        await me.post(new Authenticate({ provider: "logout" }))
        assert.equal((await refused(() => me.post(new NewSession()))).errorCode, "Unauthorized")
        const wrong = await refused(() => me.post(new Authenticate({ provider: "credentials", userName: EMAIL, password: "wrong" })))
        assert.equal(wrong.message, "Invalid Username or Password")
    },
}

for (const [check, run] of Object.entries(checks)) {
    let problem = null
    try {
        await run()
    } catch (error) {
        problem = error.stack ?? JSON.stringify(error)
    }
    console.log(JSON.stringify({ check, problem }))
}
