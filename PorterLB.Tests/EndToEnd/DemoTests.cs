using PorterLB.Lab.Demonstration;
using PorterLB.Lab.Lifetime;
using Spectre.Console;

namespace PorterLB.Tests.EndToEnd;

/// <summary>The demonstration is a test: what it shows must hold.</summary>
[Collection(EndToEndCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class DemoTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Every_promise_of_the_demonstration_holds()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 140;
        try
        {
            Assert.True(await Demo.RunAsync(console, TestContext.Current.CancellationToken), "A promise of the demonstration did not hold; its output tells which.");
        }
        finally
        {
            output.WriteLine(text.ToString());
        }
    }
}
