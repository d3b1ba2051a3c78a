namespace Dora.Ctl.Crontabs;

internal enum CrontabVerb
{
    Install,
    List,
    Edit,
    Remove,
    Check,
    Help,
}

/// <summary>What the command line of `crontab` asks for, by the rules of getopt(3) that its callers go by.</summary>
internal sealed class CrontabRequest
{
    public CrontabVerb Verb { get; private set; } = CrontabVerb.Install;

    /// <summary>Whose; null is the caller's own.</summary>
    public string? User { get; private set; }

    /// <summary>Where the new one is; <c>-</c> is standard input, null nowhere.</summary>
    public string? File { get; private set; }

    /// <summary>Ask before it is removed.</summary>
    public bool Asks { get; private set; }

    public string Folder { get; private set; } = CrontabFolder.Usual;

    /// <summary>Null, with what is wrong with them.</summary>
    public static CrontabRequest? Parse(ReadOnlySpan<string> arguments, out string problem)
    {
        var request = new CrontabRequest();
        bool isRest = false, hasVerb = false;
        problem = "";
        for (int i = 0; i < arguments.Length; i++)
        {
            string word = arguments[i];
            if (word == "--help") request.Verb = CrontabVerb.Help;
            else if (isRest || word.Length < 2 || word[0] != '-')
            {
                if (request.File is not null) problem = "one file at a time";
                request.File = word;
            }
            else if (word == "--") isRest = true;
            else
                for (int at = 1; at < word.Length; at++)
                {
                    if (word[at] is 'u' or 'c' or 'n' or 'T')
                    {
                        string? value = at + 1 < word.Length ? word[(at + 1)..] : ++i < arguments.Length ? arguments[i] : null;
                        if (value is null) problem = $"-{word[at]} needs a value";
                        else if (word[at] == 'u') request.User = value;
                        else if (word[at] == 'c') request.Folder = value;
                        else SetVerb(CrontabVerb.Check, ref problem);
                        if (word[at] is 'n' or 'T') request.File = value;
                        break;
                    }
                    if (word[at] is 'l') SetVerb(CrontabVerb.List, ref problem);
                    else if (word[at] is 'e') SetVerb(CrontabVerb.Edit, ref problem);
                    else if (word[at] is 'r' or 'd') SetVerb(CrontabVerb.Remove, ref problem);
                    else if (word[at] is 'h') request.Verb = CrontabVerb.Help;
                    else if (word[at] is 'i') request.Asks = true;
                    else problem = $"-{word[at]} is not known";
                }
        }
        if (problem.Length == 0 && request.File is not null && request.Verb is not (CrontabVerb.Install or CrontabVerb.Check or CrontabVerb.Help)) problem = "a file is only put into place: without -l, -e and -r";
        return problem.Length == 0 ? request : null;

        void SetVerb(CrontabVerb verb, ref string problem)
        {
            if (hasVerb && request.Verb != verb) problem = "one of -l, -e, -r and -n at a time";
            (request.Verb, hasVerb) = (verb, true);
        }
    }
}
