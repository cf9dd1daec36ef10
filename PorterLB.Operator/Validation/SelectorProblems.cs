using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Validation;

/// <summary>What is wrong with a label selector, whoever has it.</summary>
internal static class SelectorProblems
{
    /// <param name="field">Where the selector stands.</param>
    /// <param name="selector">The selector; none has no problems.</param>
    /// <returns>The field of each problem, and the problem as the rest of a sentence.</returns>
    public static IEnumerable<(string Field, string Problem)> Of(string field, LabelSelector? selector)
    {
        for (var i = 0; i < (selector?.MatchExpressions?.Count ?? 0); i++)
        {
            var requirement = selector!.MatchExpressions![i];
            var (problem, part) = (requirement.Operator, requirement.Values?.Count ?? 0) switch
            {
                _ when requirement.Key.Length == 0 => ("is missing: there is no label to look at. Name one", "key"),
                (LabelSelectorOperator.In or LabelSelectorOperator.NotIn, 0) => ($"is empty, and {requirement.Operator} compares '{requirement.Key}' with its values. Give at least one, or use Exists or DoesNotExist", "values"),
                (LabelSelectorOperator.Exists or LabelSelectorOperator.DoesNotExist, > 0) =>
                    ($"has '{string.Join(", ", requirement.Values!)}', and {requirement.Operator} compares '{requirement.Key}' with nothing. Remove the values, or use In or NotIn", "values"),
                _ => (null, ""),
            };
            if (problem is not null)
            {
                yield return ($"{field}.matchExpressions[{i}].{part}", problem);
            }
        }
    }
}
