using System.Globalization;
using System.Text.Json;

namespace PorterLB.Operator.Entities;

/// <summary>The version of an API server, 1.<paramref name="Minor"/>.<paramref name="Patch"/>; zeros where it does not say.</summary>
internal sealed record KubernetesVersion(int Minor, int Patch)
{
    /// <summary>Nobody was asked yet.</summary>
    public static KubernetesVersion Unknown { get; } = new(0, 0);

    /// <summary>Reads what <c>/version</c> answers. Providers write "20+" as minor, and more after the patch.</summary>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static KubernetesVersion Read(ReadOnlyMemory<byte> json)
    {
        using var version = JsonDocument.Parse(json);
        var full = (Text(version, "gitVersion") ?? "").Split('.');
        return new KubernetesVersion(Number(Text(version, "minor")), full.Length > 2 ? Number(full[2]) : 0);
    }

    public override string ToString() => $"1.{Minor}.{Patch}";

    private static string? Text(JsonDocument json, string name) =>
        json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static int Number(string? text)
    {
        var digits = new string([.. (text ?? "").TakeWhile(char.IsAsciiDigit)]);
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
