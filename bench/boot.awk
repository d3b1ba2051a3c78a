# Makes the table and JSON of what bench/boot has gathered. Lines: "boot", candidate, round, then what bench/guest reports, and sizes.
# With figures.awk. Set from outside: names, rig, json.

BEGIN { FS = "\t" }

$4 == "boot" { set($6, $5) }
$4 == "ram" {
    set("ram", $5); set("slab", $6); set("anonymous", $7); set("stacks", $8); set("percpu", $9); set("shared", $10)
    set("lists", $11); set("net", $5 - $11)
}
$4 == "size" { set($6, $5 / 1e6) }
$4 == "process" { set("processes", values[$1, $2, "processes", $3] + 1); set("pss", values[$1, $2, "pss", $3] + $8) }

# Somebody outside can log in when both are there.
function ready(    name, i, banner, address) {
    for (i = 1; i <= rounds; i++)
        for (name in candidate) {
            if (!((("boot", name, "banner", i) in values) && (("boot", name, "address", i) in values))) continue
            banner = values["boot", name, "banner", i]; address = values["boot", name, "address", i]
            values["boot", name, "ready", i] = banner > address ? banner : address
        }
}

function least(name, figure,    i, value, found) {
    for (i = 1; i <= rounds; i++) {
        if (!(("boot", name, figure, i) in values)) continue
        if (!found++ || values["boot", name, figure, i] < value) value = values["boot", name, figure, i]
    }
    return found ? value : ""
}

function most(name, figure,    i, value, found) {
    for (i = 1; i <= rounds; i++) {
        if (!(("boot", name, figure, i) in values)) continue
        if (!found++ || values["boot", name, figure, i] > value) value = values["boot", name, figure, i]
    }
    return found ? value : ""
}

function of(name, figure) { return median("boot", name, figure) }

function range(name, figure) { return of(name, figure) == "" ? "" : sprintf("%.0f-%.0f", least(name, figure), most(name, figure)) }

function plain(name, figure) { return cell(of(name, figure), 0, "%.0f") }

function ratio(name, figure) { return cell(of(name, figure), of(ours, figure), "%.0f") }

END {
    n = split(names, list, " ")
    ours = list[1]
    for (i = 1; i <= n; i++) candidate[list[i]] = 1
    ready()
    printf "{\"rig\":\"%s\",\"rounds\":%d,\"candidates\":{", rig, rounds >json
    for (i = 1; i <= n; i++) {
        name = list[i]
        printf "%s\n\"%s\":{\"up\":%s", (i > 1 ? "," : ""), name, (of(name, "ready") == "" ? "false" : "true") >json
        m = split("kernel first init address port banner ready", figures, " ")
        for (j = 1; j <= m; j++) printf "%s", json_number(figures[j] "_ms", of(name, figures[j])) >json
        printf "%s%s", json_number("ready_least_ms", least(name, "ready")), json_number("ready_most_ms", most(name, "ready")) >json
        m = split("ram net lists slab anonymous stacks percpu shared pss", figures, " ")
        for (j = 1; j <= m; j++) printf "%s", json_number(figures[j] "_kb", of(name, figures[j])) >json
        printf "%s%s", json_number("ram_least_kb", least(name, "ram")), json_number("ram_most_kb", most(name, "ram")) >json
        printf "%s%s%s%s}", json_number("processes", of(name, "processes")), json_number("iso_mb", of(name, "pandora.iso")),
            json_number("initramfs_mb", of(name, "initramfs.img")), json_number("root_mb", of(name, "rootfs.squashfs")) >json
    }
    printf "\n}}\n" >json

    print rig
    print "\nFrom power-on: milliseconds; kB; medians of " rounds " rounds (times " ours "'s), from the least to the most"
    row = "%-9s %7s %7s %12s %8s %7s %14s %14s %13s %14s %13s %14s %13s\n"
    printf row, "init", "kernel", "/init", "/sbin/init", "address", "port", "ssh banner", "can log in", "",
        "RAM in use", "", "without lists", ""
    for (i = 1; i <= n; i++) {
        name = list[i]
        printf row, name, plain(name, "kernel"), plain(name, "first"), ratio(name, "init"), plain(name, "address"), plain(name, "port"),
            ratio(name, "banner"), ratio(name, "ready"), range(name, "ready"), ratio(name, "ram"), range(name, "ram"),
            ratio(name, "net"), range(name, "net")
    }
}
