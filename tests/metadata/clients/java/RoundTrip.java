import net.servicestack.client.JsonServiceClient;

/** Creates and reads a session with the generated types and Maven's net.servicestack:client. */
public class RoundTrip {
    public static void main(String[] arguments) {
        JsonServiceClient client = new JsonServiceClient(System.getenv("URL"));
        client.setBearerToken(System.getenv("KEY"));
        dtos.SessionInfo made = client.send(new dtos.NewSession()
            .setDisplayName("From Java")
            .setChannel(dtos.FlowChannels.Chat)
            .setStartSession(false));
        dtos.SessionInfo read = client.send(new dtos.GetSession().setSessionId(made.getId()));
        dtos.ListSessions page = new dtos.ListSessions();
        page.setCountPerPage(1).setSortOrder(dtos.SortOrders.Descend);
        dtos.ListResponse<dtos.SessionInfo> listed = client.send(page);
        client.send(new dtos.EndSession().setSessionId(made.getId()));
        System.out.println(read.getDisplayName() + " " + read.getChannel() + " " + read.isEnded() + " "
            + listed.getItems().get(0).getId().equals(made.getId()) + " " + read.getMembers().get(0).getRole() + " "
            + listed.getItems().size() + " " + (listed.getTotalCount() > 0));
    }
}
