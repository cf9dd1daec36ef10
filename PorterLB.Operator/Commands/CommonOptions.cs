using System.CommandLine;
using Microsoft.Extensions.Logging.Console;
using PorterLB.Operator.Access;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Commands;

/// <summary>The flags that manager and speaker share. Each is an environment variable too; the flag wins.</summary>
internal sealed class CommonOptions
{
    private static readonly string[] Levels = ["trace", "debug", "info", "warning", "error"];
    private static readonly string[] Formats = ["text", "json"];

    public CommonOptions(string metricsAddress, string healthAddress)
    {
        MetricsAddress = Flags.Text("--metrics-address", "METRICS_ADDRESS", metricsAddress, "Where Prometheus metrics are served; 0 = off.");
        HealthAddress = Flags.Text("--health-address", "HEALTH_ADDRESS", healthAddress, "Where /healthz and /readyz are served; 0 = off.");
    }

    public Option<string> Kubeconfig { get; } = Flags.Text("--kubeconfig", "KUBECONFIG", "", "How to reach the API server; empty = the Pod's service account.");

    public Option<string> Namespace { get; } = Flags.Text("--namespace", "POD_NAMESPACE", Names.Namespace, "Where leases and Secrets live.");

    public Option<string> MetricsAddress { get; }

    public Option<string> HealthAddress { get; }

    public Option<string> LogLevel { get; } = Flags.Choice("--log-level", "LOG_LEVEL", "info", Levels, "How much is logged.");

    public Option<string> LogFormat { get; } = Flags.Choice("--log-format", "LOG_FORMAT", "text", Formats, "How it is logged.");

    public IEnumerable<Option> All => [Kubeconfig, Namespace, MetricsAddress, HealthAddress, LogLevel, LogFormat];

    public void ConfigureLogging(ILoggingBuilder logging, ParseResult result)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(result.GetValue(LogLevel) switch
        {
            "trace" => Microsoft.Extensions.Logging.LogLevel.Trace,
            "debug" => Microsoft.Extensions.Logging.LogLevel.Debug,
            "warning" => Microsoft.Extensions.Logging.LogLevel.Warning,
            "error" => Microsoft.Extensions.Logging.LogLevel.Error,
            _ => Microsoft.Extensions.Logging.LogLevel.Information,
        });

        // Scopes are shown: in them every line of a reconciliation says which one it belongs to.
        // The framework's own chatter says nothing about load balancing.
        logging.AddFilter("Microsoft", Microsoft.Extensions.Logging.LogLevel.Warning);

        // What keeps the program from starting is said once, in one sentence, at the end.
        logging.AddFilter("Microsoft.Extensions.Hosting", Microsoft.Extensions.Logging.LogLevel.None);
        if (result.GetValue(LogFormat) == "json")
        {
            logging.AddJsonConsole(options =>
            {
                options.IncludeScopes = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
                options.UseUtcTimestamp = true;
            });
        }
        else
        {
            logging.AddSimpleConsole(options =>
            {
                options.IncludeScopes = true;
                options.SingleLine = true;
                options.ColorBehavior = LoggerColorBehavior.Disabled;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                options.UseUtcTimestamp = true;
            });
        }
    }
}

/// <summary>Makes options whose default comes from the environment.</summary>
internal static class Flags
{
    public static Option<string> Text(string name, string variable, string @default, string description) => new(name)
    {
        Description = Describe(description, variable, @default),
        DefaultValueFactory = _ => FromEnvironment(variable) ?? @default,
    };

    public static Option<string> Choice(string name, string variable, string @default, string[] values, string description)
    {
        var option = Text(name, variable, @default, $"{description} One of {string.Join(", ", values)}.");
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } value && !values.Contains(value, StringComparer.Ordinal))
            {
                result.AddError($"{name} is '{value}'; use one of {string.Join(", ", values)}.");
            }
        });
        return option;
    }

    public static Option<bool> Switch(string name, string variable, bool @default, string description) => new(name)
    {
        Description = Describe(description, variable, @default ? "true" : "false"),
        DefaultValueFactory = result => FromEnvironment(variable) switch
        {
            null => @default,
            var text when bool.TryParse(text, out var value) => value,
            var text => Wrong(result, $"{variable} is '{text}'; use true or false.", @default),
        },
    };

    public static Option<int> Port(string name, string variable, int @default, string description)
    {
        var option = new Option<int>(name)
        {
            Description = Describe(description, variable, $"{@default}"),
            DefaultValueFactory = result => FromEnvironment(variable) switch
            {
                null => @default,
                var text when int.TryParse(text, out var value) => value,
                var text => Wrong(result, $"{variable} is '{text}'; use a port number from 0 to 65535.", @default),
            },
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 65_535)
            {
                result.AddError($"{name} is {result.GetValueOrDefault<int>()}; use a port number from 0 to 65535.");
            }
        });
        return option;
    }

    /// <summary>Durations as Kubernetes' programs take them: 15s, 500ms, 1m.</summary>
    public static Option<TimeSpan> Time(string name, string variable, TimeSpan @default, string description)
    {
        TimeSpan Parse(System.CommandLine.Parsing.SymbolResult result, string text, string what) =>
            Duration.TryParse(text, out var duration) ? duration.Value : Wrong(result, $"{what} is '{text}'; write a duration as 15s, 500ms or 1m.", @default);

        return new Option<TimeSpan>(name)
        {
            Description = Describe(description, variable, $"{new Duration(@default)}"),
            CustomParser = result => Parse(result, result.Tokens[0].Value, name),
            DefaultValueFactory = result => FromEnvironment(variable) is { } text ? Parse(result, text, variable) : @default,
        };
    }

    private static string? FromEnvironment(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } value ? value : null;

    private static string Describe(string description, string variable, string @default) =>
        $"{description} [{variable}{(@default.Length > 0 ? $", default {@default}" : "")}]";

    private static T Wrong<T>(System.CommandLine.Parsing.SymbolResult result, string message, T @default)
    {
        result.AddError(message);
        return @default;
    }
}
