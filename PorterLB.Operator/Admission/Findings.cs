using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Admission;

namespace PorterLB.Operator.Admission;

/// <summary>What rules found, as a webhook says it: kubectl puts the field before each error by itself.</summary>
internal static class Findings
{
    public static IReadOnlyList<FieldError> Errors(this IEnumerable<Finding> found) =>
        [.. found.Where(finding => finding.IsError).Select(finding => new FieldError(finding.Field, finding.Message))];

    public static IEnumerable<string> Warnings(this IEnumerable<Finding> found) =>
        found.Where(finding => !finding.IsError).Select(finding => $"{finding}");
}
