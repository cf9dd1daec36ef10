using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using PorterLB.Operator.Commands;
using PorterLB.Reconciler;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Tests.Operator.Commands;

public sealed class LoggingTests
{
    private readonly LoggerExternalScopeProvider _scopes = new();

    [Theory]
    [InlineData("text", "simple")]
    [InlineData("json", "json")]
    public void Every_line_of_a_reconciliation_says_which_one_it_belongs_to(string format, string formatter)
    {
        var options = new CommonOptions("0", "0");
        var command = new RootCommand();
        foreach (var option in options.All)
        {
            command.Add(option);
        }

        using var services = new ServiceCollection()
            .AddLogging(logging => options.ConfigureLogging(logging, command.Parse($"--log-format={format}")))
            .BuildServiceProvider();
        using var line = new StringWriter();
        using (new Scoped(_scopes).BeginReconciliation("service", new EntityKey("shop", "web"), "00c0ffee00c0ffee"))
        {
            services.GetServices<ConsoleFormatter>().Single(each => each.Name == formatter).Write(
                new LogEntry<string>(LogLevel.Information, "PorterLB", new EventId(3001), "said by whoever", null, static (text, _) => text), _scopes, line);
        }

        var text = line.ToString();
        Assert.Contains("said by whoever", text, StringComparison.Ordinal);
        Assert.Contains("controller=service object=shop/web reconcileID=00c0ffee00c0ffee", text, StringComparison.Ordinal);
        Assert.Single(text.TrimEnd().Split('\n'));
    }

    private sealed class Scoped(IExternalScopeProvider scopes) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
        }
    }
}
