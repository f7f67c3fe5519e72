import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.client.transport.McpHttpClientTransportAuthorizationException;
import io.modelcontextprotocol.json.McpJsonDefaults;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A client of the agent's MCP server, made of the official Java SDK: the same as client.py, as far as this SDK goes.
 */
public class Client {
    private static final McpJsonMapper JSON = McpJsonDefaults.getMapper();
    private static final AtomicInteger PROGRESS = new AtomicInteger();

    private static McpSyncClient client(String base, String token) {
        HttpClientStreamableHttpTransport transport = HttpClientStreamableHttpTransport.builder(base)
                .endpoint("/mcp")
                .openConnectionOnStartup(false)
                .customizeRequest(request -> request
                        .header("Authorization", "Bearer " + token)
                        .header("X-User-Id", "java-sdk"))
                .build();
        return McpClient.sync(transport)
                .requestTimeout(Duration.ofSeconds(60))
                .clientInfo(new McpSchema.Implementation("java-sdk-test", "1"))
                .progressConsumer(progress -> PROGRESS.incrementAndGet())
                .build();
    }

    public static void main(String[] args) throws Exception {
        Map<String, Object> seen = new LinkedHashMap<>();
        try (McpSyncClient wrong = client(args[0], args[1] + "x")) {
            wrong.initialize();
            seen.put("wrongToken", "let in");
        } catch (RuntimeException why) {
            StringBuilder text = new StringBuilder();
            for (Throwable cause = why; cause != null; cause = cause.getCause()) {
                text.append(cause).append(' ');
                if (cause instanceof McpHttpClientTransportAuthorizationException refused) {
                    text.append(refused.getResponseInfo().statusCode());
                }
            }
            seen.put("wrongToken", text.toString());
        }
        McpSyncClient client = client(args[0], args[1]);
        McpSchema.InitializeResult server = client.initialize();
        seen.put("server", server.serverInfo().name());
        seen.put("protocol", server.protocolVersion());
        Map<String, Object> tools = new LinkedHashMap<>();
        for (McpSchema.Tool tool : client.listTools().tools()) {
            tools.put(tool.name(), tool.inputSchema());
        }
        seen.put("tools", tools);
        client.ping();
        seen.put("resources", client.listResources().resources().size());
        seen.put("prompts", client.listPrompts().prompts().size());

        Map<?, ?> request = JSON.readValue(System.in.readAllBytes(), Map.class);
        Map<String, Object> calls = new LinkedHashMap<>();
        for (Object each : (List<?>) request.get("calls")) {
            Map<?, ?> call = (Map<?, ?>) each;
            String name = (String) call.get("name");
            @SuppressWarnings("unchecked")
            Map<String, Object> arguments = (Map<String, Object>) call.get("arguments");
            PROGRESS.set(0);
            McpSchema.CallToolResult result = client.callTool(
                    McpSchema.CallToolRequest.builder().name(name).arguments(arguments).progressToken(name).build());
            Map<String, Object> outcome = new LinkedHashMap<>();
            outcome.put("isError", result.isError());
            outcome.put("structured", result.structuredContent());
            outcome.put("payload", JSON.readValue(((McpSchema.TextContent) result.content().get(0)).text(), Map.class));
            outcome.put("progress", new ArrayList<>(java.util.Collections.nCopies(PROGRESS.get(), 1)));
            calls.put(name, outcome);
        }
        seen.put("calls", calls);
        try {
            client.callTool(McpSchema.CallToolRequest.builder().name("nothing").arguments(Map.of()).build());
        } catch (RuntimeException why) {
            seen.put("unknown", why.getMessage());
        }
        client.closeGracefully();
        System.out.println(JSON.writeValueAsString(seen));
        System.exit(0);
    }
}
