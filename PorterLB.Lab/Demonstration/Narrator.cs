using System.Diagnostics;
using PorterLB.Lab.Processes;
using Spectre.Console;

namespace PorterLB.Lab.Demonstration;

/// <summary>Tells a demonstration: real commands with what came back and when, promises with whether they held, and a table at the end.</summary>
internal sealed class Narrator(IAnsiConsole console)
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly List<(string What, string Measured, string Promised, bool Held)> _rows = [];
    private readonly List<string> _broken = [];

    public bool AllHeld => _broken.Count == 0;

    private string Elapsed => Stopwatch.GetElapsedTime(_started).ToString(@"m\:ss\.f");

    public void Chapter(string title)
    {
        console.WriteLine();
        console.MarkupLineInterpolated($"[bold]{Elapsed}  {title}[/]");
    }

    public void Say(string text) => console.MarkupLineInterpolated($"        {text}");

    /// <summary>Shows a command at the prompt of its host, runs it, and shows what it wrote.</summary>
    /// <param name="host">Where.</param>
    /// <param name="shown">As it would be typed there.</param>
    /// <param name="command">What runs, with the way to the host in front.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<CommandResult> ShowAsync(string host, string shown, Command command, CancellationToken cancellationToken)
    {
        console.MarkupLineInterpolated($"[grey]{Elapsed}[/]  [blue]{host}$[/] {shown}");
        if (command.Input is { } input)
        {
            Indent(input);
        }

        var result = await command.TryRunAsync(cancellationToken);
        Indent(result.Text);
        return result;
    }

    /// <summary>A promise, and whether it held. The demonstration goes on either way, and ends with a failure when one did not.</summary>
    public bool Check(bool held, string promise)
    {
        if (held)
        {
            console.MarkupLineInterpolated($"[grey]{Elapsed}[/]  [green]held[/]   {promise}");
        }
        else
        {
            _broken.Add(promise);
            console.MarkupLineInterpolated($"[grey]{Elapsed}[/]  [red]BROKEN[/] {promise}");
        }

        return held;
    }

    /// <summary>A row of the table, and a promise when there is one.</summary>
    public void Measured(string what, string measured, string promised = "", bool held = true)
    {
        _rows.Add((what, measured, promised, held));
        if (promised.Length > 0)
        {
            Check(held, $"{what}: {measured} (promised: {promised})");
        }
        else
        {
            Say($"{what}: {measured}");
        }
    }

    public void End()
    {
        console.WriteLine();
        var table = new Table().Border(TableBorder.Simple).AddColumns("Measured", "", "Promised", "");
        foreach (var (what, measured, promised, held) in _rows)
        {
            table.AddRow(Markup.Escape(what), Markup.Escape(measured), Markup.Escape(promised), promised.Length == 0 ? "" : held ? "[green]held[/]" : "[red]broken[/]");
        }

        console.Write(table);
        if (AllHeld)
        {
            console.MarkupLineInterpolated($"[green]Every promise held.[/] {Elapsed} in all.");
        }
        else
        {
            console.MarkupLineInterpolated($"[red]{_broken.Count} promise(s) broken:[/]");
            _broken.ForEach(promise => console.MarkupLineInterpolated($"  {promise}"));
        }
    }

    private void Indent(string text)
    {
        foreach (var line in text.TrimEnd().Split('\n').Where(line => line.Length > 0))
        {
            console.MarkupLineInterpolated($"        [grey]{line}[/]");
        }
    }
}
