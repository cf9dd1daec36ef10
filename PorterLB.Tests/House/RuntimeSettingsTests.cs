using System.Globalization;
using System.Xml.Linq;

namespace PorterLB.Tests.House;

/// <summary>What the runtime is told by the project file. It says nothing of a value that it cannot read, and goes on with its default.</summary>
public class RuntimeSettingsTests
{
    [Fact]
    public void Numbers_for_the_runtime_are_decimal_as_the_ahead_of_time_one_reads_them()
    {
        var settings = XDocument.Load(Path.Combine(Repository.Root, "PorterLB.Operator/PorterLB.Operator.csproj"))
            .Descendants("RuntimeHostConfigurationOption")
            .ToDictionary(item => item.Attribute("Include")!.Value, item => item.Attribute("Value")!.Value, StringComparer.Ordinal);
        Assert.Equal("1048576", settings["System.GC.Gen0MaxBudget"]);
        Assert.All(
            settings.Values.Where(value => !bool.TryParse(value, out _)),
            value => Assert.True(ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _), $"'{value}' is no decimal number."));
    }
}
