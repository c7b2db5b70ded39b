import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClasspathRoots;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs the tests in a folder of classes and tells pytest of each: one line of JSON per case. */
final class Report implements TestExecutionListener {
    private static final String CASE_TIME_MAX = "20s";

    public static void main(String[] arguments) {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClasspathRoots(Set.of(Path.of(arguments[0]))))
                .configurationParameters(Map.of(
                        "junit.jupiter.execution.timeout.default", CASE_TIME_MAX,
                        "junit.jupiter.execution.parallel.enabled", "true",
                        "junit.jupiter.execution.parallel.mode.default", "concurrent"))
                .build();
        LauncherFactory.create().execute(request, new Report());
        System.exit(0); // threads of a connection that a case left open hold nothing up
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        boolean passed = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
        if (test.isContainer() && passed) {
            return;
        }
        StringWriter error = new StringWriter();
        result.getThrowable().ifPresent(it -> it.printStackTrace(new PrintWriter(error)));
        System.out.printf("{\"name\": %s, \"passed\": %s, \"error\": %s}%n",
                json(name(test)), passed, json(error.toString()));
    }

    private static String name(TestIdentifier test) {
        String method = test.getSource().filter(MethodSource.class::isInstance)
                .map(it -> ((MethodSource) it).getMethodName()).orElse("");
        return test.getDisplayName().startsWith(method) ? test.getDisplayName()
                : method + ": " + test.getDisplayName();
    }

    private static String json(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (char each : text.toCharArray()) {
            boolean isPlain = each >= ' ' && each < 127 && each != '"' && each != '\\';
            quoted.append(isPlain ? String.valueOf(each) : String.format("\\u%04x", (int) each));
        }
        return quoted.append('"').toString();
    }
}
