using System.Collections.Immutable;
using PorterLB.Operator.Entities;

namespace PorterLB.Operator.LayerTwo;

/// <summary>On which interfaces an address is answered for: what the LayerTwoConfigs say, else what the Eip says, else its subnet decides.</summary>
internal static class RightsInterfaces
{
    public static ImmutableArray<string> Of(LayerTwoPolicy policy, V1Alpha2Eip? eip) =>
        !policy.Interfaces.IsEmpty ? policy.Interfaces
        : string.IsNullOrEmpty(eip?.Spec.Interface) ? []
        : [eip.Spec.Interface];
}
