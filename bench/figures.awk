# What the benches' tables share. values[TABLE, CANDIDATE, FIGURE, ROUND] is what was measured; a figure that did not come is not there.

# Of the line that is read: its first fields are table, candidate and round.
function set(figure, value) { values[$1, $2, figure, $3] = value; if ($3 > rounds) rounds = $3 }

function median(table, name, figure,    list, n, i, j, swap) {
    n = 0
    for (i = 1; i <= rounds; i++) if ((table, name, figure, i) in values) list[++n] = values[table, name, figure, i]
    if (n == 0) return ""
    for (i = 2; i <= n; i++)
        for (j = i; j > 1 && list[j - 1] > list[j]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

# A figure and, in brackets, how many times ours it is.
function cell(value, ours, format) {
    if (value == "") return "-"
    return sprintf(format, value) (ours > 0 ? sprintf(" (%.2f)", value / ours) : "")
}

function json_number(key, value) { return value == "" ? "" : sprintf(",\"%s\":%.1f", key, value) }
