# Makes tables and JSON of what bench/init has gathered. Lines: table, init, round, then what bench/guest reports.
# With figures.awk. Set from outside: names, rig, json, services, links.

BEGIN { FS = "\t" }

function is_supervision(pid, name, command) {
    return pid == 1 || command ~ /^init manager$/ ||
        name ~ /^(runsvdir|runsv|s6-supervise|supervise-daemo|keventd|watchdogd)$/
}

function is_log(command) { return command ~ /syslog|klogd|journald/ }

function add(figure, value) { set(figure, values[$1, $2, figure, $3] + value) }

$4 == "time" && $6 == "hand-over" { start[$1, $2, $3] = $5 }
$4 == "time" && $6 != "hand-over" {
    if (!(($1, $2, $3) in start)) next
    ms = ($5 - start[$1, $2, $3]) / 1000
    if ($6 == "banner") set("banner", ms)
    else if ($6 == "address") set("address", ms)
    else if ($6 == "mark console") set("console", ms)
    else if ($6 ~ /^mark load/) {
        if (!(($1, $2, "load_first", $3) in values)) set("load_first", ms)
        set("load_last", ms)
        add("load_count", 1)
    }
    if ($6 ~ /^mark/ && $6 !~ /^mark load/ && !(($1, $2, "first", $3) in values)) set("first", ms)
}
$4 == "ram" {
    set("ram", $5); set("slab", $6); set("anonymous", $7); set("stacks", $8); set("percpu", $9); set("shared", $10)
}
$4 == "process" {
    if (is_supervision($5, $10, $11)) {
        add("rss", $7); add("pss", $8); add("private", $9); add("processes", 1)
        who[$2, $5] = $5 == 1 ? "PID 1" : $11
    } else if (is_log($11)) {
        add("log_pss", $8)
        who[$2, $5] = $11
    }
}
# Only what belongs to the init: what a service does when idle is its own matter.
$4 == "idle" && ($2, $5) in who { idle[$2] = idle[$2] sprintf("%s%s: %d", idle[$2] == "" ? "" : "; ", who[$2, $5], $6); quiet[$2] += $6 }

function boot_cell(name, figure) { return cell(median("boot", name, figure), median("boot", ours, figure), "%.0f") }

function has(table,    key, part) {
    for (key in values) { split(key, part, SUBSEP); if (part[1] == table) return 1 }
    return 0
}

function per_service(name, figure,    loaded, bare) {
    loaded = median("wide", name, figure); bare = median("bare", name, figure)
    return loaded == "" || bare == "" || median("wide", name, "load_count") < services ? "" : (loaded - bare) / services
}

function span(table, name, count,    first, last) {
    first = median(table, name, "load_first"); last = median(table, name, "load_last")
    return first == "" || median(table, name, "load_count") < count ? "" : (last - first) / (count - 1)
}

function up(table, name, count) { return median(table, name, "load_count") < count ? "" : median(table, name, "load_last") }

END {
    n = split(names, list, " ")
    ours = list[1]
    mode["pandora"] = mode["systemd"] = "per connection"
    no_chain["busybox"] = "its inittab has no word for it: an entry waits until a process has ended, or not at all"
    printf "{\"rig\":\"%s\",\"rounds\":%d,\"inits\":{", rig, rounds >json
    for (i = 1; i <= n; i++) {
        name = list[i]
        printf "%s\n\"%s\":{\"sshd\":\"%s\"", (i > 1 ? "," : ""), name, (name in mode ? mode[name] : "daemon") >json
        m = split("first console banner address rss pss private processes log_pss ram slab anonymous stacks percpu shared", figures, " ")
        for (j = 1; j <= m; j++) printf "%s", json_number(figures[j] (j <= 4 ? "_ms" : j == 8 ? "" : "_kb"), median("boot", name, figures[j])) >json
        if (name in quiet) printf "%s", json_number("idle_switches_per_minute", quiet[name]) >json
        printf "%s%s%s%s%s%s", json_number("wide_up_ms", up("wide", name, services)), json_number("wide_ms_per_service", span("wide", name, services)),
            json_number("wide_ram_kb_per_service", per_service(name, "ram")), json_number("wide_pss_kb_per_service", per_service(name, "pss")),
            json_number("chain_up_ms", up("chain", name, links)), json_number("chain_ms_per_service", span("chain", name, links)) >json
        printf "}" >json
    }
    printf "\n}}\n" >json

    print rig
    if (has("boot")) {
        print "\nBoot: milliseconds from the hand-over, kB; medians of " rounds " rounds, in brackets how many times " ours "'s"
        row = "%-15s %-14s %14s %14s %14s %14s %13s %13s %4s %8s %14s\n"
        printf row, "init", "sshd", "first service", "console", "ssh banner", "DHCP address", "init Rss", "init Pss", "proc", "log Pss", "RAM in use"
        for (i = 1; i <= n; i++) {
            name = list[i]
            printf row, name, (name in mode ? mode[name] : "daemon"), boot_cell(name, "first"), boot_cell(name, "console"), boot_cell(name, "banner"),
                boot_cell(name, "address"), boot_cell(name, "rss"), boot_cell(name, "pss"), median("boot", name, "processes"),
                cell(median("boot", name, "log_pss"), 0, "%.0f"), boot_cell(name, "ram")
        }
    }
    if (has("idle")) {
        print "\nIdle: context switches in 60 s of the init, its helpers and its log, all threads"
        for (i = 1; i <= n; i++) if (list[i] in quiet) printf "%-15s %5d   (%s)\n", list[i], quiet[list[i]], substr(idle[list[i]], 1, 120)
    }
    if (has("wide")) {
        printf "\n%d services (sleep infinity) that need nothing, and %d in a chain, each after the one before is up; in a guest of 1024 MB\n", services, links
        row = "%-15s %16s %16s %16s %16s %16s %16s\n"
        printf row, "init", "wide: all up ms", "ms a service", "RAM kB a service", "of it init Pss", "chain: all up ms", "ms a service"
        for (i = 1; i <= n; i++) {
            name = list[i]
            if (median("bare", name, "ram") == "") continue
            printf row, name, cell(up("wide", name, services), up("wide", ours, services), "%.0f"), cell(span("wide", name, services), 0, "%.2f"),
                cell(per_service(name, "ram"), per_service(ours, "ram"), "%.0f"), cell(per_service(name, "pss"), 0, "%.1f"),
                cell(up("chain", name, links), up("chain", ours, links), "%.0f"), cell(span("chain", name, links), 0, "%.2f")
        }
        for (i = 1; i <= n; i++) {
            name = list[i]
            if (median("bare", name, "ram") == "") continue
            count = median("wide", name, "load_count") + 0
            if (count < services) printf "%s: only %d of %d were up in time\n", name, count, services
            if (name in no_chain) printf "%s: no chain: %s\n", name, no_chain[name]
            else if ((count = median("chain", name, "load_count") + 0) < links) printf "%s: only %d of the chain of %d were up in time\n", name, count, links
        }
    }
}
