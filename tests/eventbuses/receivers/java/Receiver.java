import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.cloudevents.CloudEvent;
import io.cloudevents.http.vertx.VertxMessageFactory;
import io.cloudevents.jackson.JsonFormat;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

// An eventbus on Vert.x (Netty) and the CloudEvents SDK for Java: Receiver PORT FILE appends "key of
// the object, tab, subject" to FILE for each event, then acknowledges it.
public final class Receiver {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static List<CloudEvent> read(HttpServerRequest request, Buffer body) throws Exception {
    String type = request.getHeader("content-type");
    if (type == null || !type.startsWith("application/cloudevents-batch+json")) {
      return List.of(VertxMessageFactory.createReader(request.headers(), body).toEvent());
    }
    List<CloudEvent> events = new ArrayList<>();
    JsonFormat format = new JsonFormat();
    for (JsonNode one : JSON.readTree(body.getBytes())) {
      events.add(format.deserialize(JSON.writeValueAsBytes(one)));
    }
    return events;
  }

  private static String lines(List<CloudEvent> events) throws Exception {
    StringBuilder text = new StringBuilder();
    for (CloudEvent event : events) {
      String key = JSON.readTree(event.getData().toBytes()).at("/cos/cosObject/key").asText();
      String subject = event.getSubject() == null ? "" : event.getSubject();
      text.append(key).append('\t').append(subject).append('\n');
    }
    return text.toString();
  }

  public static void main(String[] arguments) throws Exception {
    FileOutputStream out = new FileOutputStream(arguments[1], true);
    Vertx.vertx()
        .createHttpServer()
        .requestHandler(
            request ->
                request.bodyHandler(
                    body -> {
                      try {
                        out.write(lines(read(request, body)).getBytes(StandardCharsets.UTF_8));
                        request.response().setStatusCode(204).end();
                      } catch (Exception error) {
                        request.response().setStatusCode(400).end(String.valueOf(error));
                      }
                    }))
        .listen(Integer.parseInt(arguments[0]), "127.0.0.1");
  }
}
