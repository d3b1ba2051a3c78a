using Dora.Core.Protocol;

namespace Dora.Init.Manager.Control;

/// <summary>What became of a connection that was lent (<see cref="ControlExchange.LetAnswer"/>).</summary>
/// <param name="IsWhole">The answer was written to its end, so another request may follow.</param>
/// <param name="Status">With a refusal: its HTTP status.</param>
/// <param name="Refusal">Nothing was written, and this is to be answered.</param>
internal readonly record struct LentAnswer(bool IsWhole, int Status = 0, ErrorBody? Refusal = null);
