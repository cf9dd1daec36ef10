using Spectre.Console;

namespace PorterLB.Lab.Measuring;

/// <summary>Measured values by name, with the bounds that each must keep.</summary>
internal sealed class FigureTable
{
    private readonly List<Figure> _figures = [];

    public bool AllHeld => _figures.TrueForAll(figure => figure.Held);

    /// <param name="name">What was measured, with its unit.</param>
    /// <param name="most">Larger is broken; infinity: nothing is promised.</param>
    /// <param name="values">One or more measured values.</param>
    public void Add(string name, double most, params double[] values)
    {
        var figure = _figures.Find(figure => figure.Name == name);
        if (figure is null)
        {
            _figures.Add(figure = new Figure(name, most, []));
        }

        figure.Values.AddRange(values);
    }

    public Table ToTable()
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("Measured", "n", "median", "p99", "worst", "promised", "");
        foreach (var figure in _figures)
        {
            var promised = double.IsPositiveInfinity(figure.Most) ? "" : $"<= {figure.Most:0}";
            table.AddRow(
                Markup.Escape(figure.Name), $"{figure.Values.Count}", $"{figure.Median:0.#}", $"{figure.Percentile(99):0.#}", $"{figure.Values.Max():0.#}", promised,
                promised.Length == 0 ? "" : figure.Held ? "[green]held[/]" : "[red]broken[/]");
        }

        return table;
    }

    private sealed record Figure(string Name, double Most, List<double> Values)
    {
        public bool Held => Values.TrueForAll(value => value <= Most);

        /// <summary>The value that so many of a hundred do not exceed.</summary>
        public double Percentile(int percent) => Values.Order().ElementAt((((Values.Count * percent) + 99) / 100) - 1);

        public double Median
        {
            get
            {
                var sorted = Values.Order().ToList();
                return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
            }
        }
    }
}
