import java.util.*;
import net.servicestack.client.*;

public class Calls {
    public static void main(String[] arguments) {
        JsonServiceClient client = new JsonServiceClient(System.getenv("URL"));
        dtos.Star made = client.post(((dtos.CreateStar) new dtos.CreateStar().setName("Vega"))
            .setSpectrum(new ArrayList<>(Arrays.asList(new ArrayList<>(Arrays.asList(1, 2)), new ArrayList<>(Arrays.asList(3)))))
            .setWeather(dtos.Weather.Rain));
        dtos.Star star = client.get(new dtos.GetStar().setId(7));
        dtos.Star replaced = client.put(new dtos.ReplaceStar().setId(9).setFilters(9));
        client.delete(new dtos.DropStar().setId(10));
        dtos.QueryResponse<dtos.Star> found = client.get((dtos.FindStars) new dtos.FindStars().setNameStartsWith("V").setTake(5));
        dtos.Chart<dtos.Pair<dtos.Star, dtos.Weather>> chart = client.get(new dtos.GetChart());
        String text = client.get(new dtos.ReadFile().setPath("of/the/sky.txt"));
        byte[] photo = client.get(new dtos.GetPhoto().setId(11));
        ArrayList<String> names = client.post(new dtos.NameStars().setSince(new Date(1767323045000L)).setWithin(new TimeSpan(0, 0, 1, 0)));
        ArrayList<dtos.Star> stars = new ArrayList<>(Arrays.asList(made, replaced));
        stars.addAll(found.results);
        client.post(new dtos.Keep().setClient("java").setStar(star).setStars(stars).setChart(chart).setText(text).setPhoto(photo).setNames(names));
    }
}
