using System.Text;
using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Manifests;

/// <summary>The reference page of the conditions, from their closed lists of reasons.</summary>
internal static class ConditionsReference
{
    public static string Page()
    {
        var text = new StringBuilder(
            """
            # Conditions

            What `kubectl describe` and `kubectl wait --for=condition=…` show. The reasons are closed lists: programs may rely on them; the message says
            what, why and what to do. Each object is written at most once a second, and what somebody else writes into these conditions is
            put right. Conditions of Services are dropped by API servers before 1.24 unless the feature gate `MixedProtocolLBService` is on;
            the Events say the same.

            """);
        foreach (var kind in ConditionKinds.All)
        {
            text.Append($"\n## {kind.Object}: `{kind.Type}`\n\n{kind.Meaning}\n\n| status | reason | meaning |\n| --- | --- | --- |\n");
            foreach (var reason in kind.Reasons)
            {
                text.Append($"| {reason.Status} | `{reason.Reason}` | {reason.Meaning} |\n");
            }
        }

        return text.ToString();
    }
}
