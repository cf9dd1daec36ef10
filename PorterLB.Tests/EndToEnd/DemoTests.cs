using PorterLB.Lab.Demonstration;
using PorterLB.Lab.Lifetime;
using Spectre.Console;

namespace PorterLB.Tests.EndToEnd;

/// <summary>What <c>make demo</c> shows is what is tested: a full cluster, PorterLB in Pods under its own RBAC, and every promise on the way.</summary>
[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class DemoTests(ITestOutputHelper output)
{
    [Fact]
    public async Task The_demonstration_keeps_every_promise_that_it_makes()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        var told = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(told) });
        console.Profile.Width = 160;
        try
        {
            Assert.True(await Demo.RunAsync(new DemoOptions(), console, TestContext.Current.CancellationToken), "The demonstration broke a promise: see its output.");
        }
        finally
        {
            output.WriteLine(told.ToString());
        }
    }
}
