using System.CommandLine;

namespace Dora.Ctl.Commands;

/// <summary>A command line of somebody else: what begins with <c>-</c> behind its first word is that program's, not ours.</summary>
internal sealed class CommandWords : Argument<string[]>
{
    public CommandWords() : base("COMMAND")
    {
        Description = "program and arguments, behind --";
        Arity = ArgumentArity.OneOrMore;
        Validators.Add(static result =>
        {
            // What is no option of ours is taken for the program otherwise, and a typing error would run something else.
            if (result.Tokens.Count > 0 && result.Tokens[0].Value.StartsWith('-'))
                result.AddError($"'{result.Tokens[0].Value}' is not known; the command goes behind --");
        });
    }
}
