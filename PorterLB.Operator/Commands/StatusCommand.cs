using System.CommandLine;
using PorterLB.Operator.Overview;

namespace PorterLB.Operator.Commands;

/// <summary><c>porterlb status</c>: who announces what and since when.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var options = new UserOptions();
        var @namespace = UserOptions.Namespace();
        var output = UserOptions.Output();
        var check = new Option<bool>("--check") { Description = "End with exit code 1 when an address is not answered for, a Service waits, or no manager leads." };
        return UserCommand.Of(
            new Command("status", "Show which node answers for which address and since when, and what waits.") { @namespace, output, check },
            options,
            async (result, client, time, cancellationToken) =>
            {
                var report = StatusReport.Of(await options.ReadAsync(client, result, time, cancellationToken), result.GetValue(@namespace));
                var @out = result.InvocationConfiguration.Output;
                if (result.GetValue(output) == UserOptions.Json)
                {
                    UserOptions.Print(@out, report, OverviewJsonContext.Default.StatusReport);
                }
                else
                {
                    report.Write(@out, time.GetUtcNow());
                }

                return result.GetValue(check) && report.HasProblems ? 1 : 0;
            });
    }
}
