using FluentValidation;
using FluentValidation.Results;
using PorterLB.Reconciler.Admission;
using Found = FluentValidation.Results.ValidationResult;

namespace PorterLB.Operator.Admission;

/// <summary>What rules found, as a webhook says it.</summary>
internal static class Findings
{
    /// <summary>What refuses the object.</summary>
    public static IReadOnlyList<FieldError> Errors(this Found found) =>
    [
        .. from failure in found.Errors
           where failure.Severity == Severity.Error
           select new FieldError(failure.PropertyName, WithoutField(failure)),
    ];

    /// <summary>What may be, but looks like a slip.</summary>
    public static IEnumerable<string> Warnings(this Found found) =>
        from failure in found.Errors
        where failure.Severity != Severity.Error
        select failure.ErrorMessage;

    /// <summary>
    /// What is wrong with the new object and was not wrong with the old: nobody is kept from a change by what stood there before. That
    /// is told as a warning.
    /// </summary>
    public static (IReadOnlyList<FieldError> Errors, IEnumerable<string> Warnings) Since(this Found found, Found before)
    {
        var known = before.Errors().ToHashSet();
        var errors = found.Errors();
        return (
            [.. errors.Where(error => !known.Contains(error))],
            [.. found.Warnings(), .. errors.Where(known.Contains).Select(error => $"{error.Field} {error.Message}")]);
    }

    // Rules speak in whole sentences that begin with the field; kubectl puts the field before each by itself.
    private static string WithoutField(ValidationFailure failure) =>
        failure.ErrorMessage.StartsWith(failure.PropertyName + " ", StringComparison.Ordinal)
            ? failure.ErrorMessage[(failure.PropertyName.Length + 1)..]
            : failure.ErrorMessage;
}
