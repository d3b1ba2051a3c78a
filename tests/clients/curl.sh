#!/bin/sh
# curl.sh SOCKET: curl against the API of a running machine, in the ways that a client can differ from ours.
# Prints what failed and ends with 1, or ends with "curl: N checks".
set -eu
socket=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
checks=0
name=client-curl-$$

api() {
    curl -sS --max-time 30 --unix-socket "$socket" "$@"
}

# holds WHAT COMMAND...: the command must succeed.
holds() {
    what=$1
    shift
    if ! "$@" >"$folder/said" 2>&1; then
        echo "curl: $what: did not hold: $*"
        cat "$folder/said"
        [ ! -f "$folder/answer" ] || head -c 2000 "$folder/answer"
        [ ! -f "$folder/trace" ] || head -c 4000 "$folder/trace"
        exit 1
    fi
    checks=$((checks + 1))
}

# Plain, with the length and the type told.
api -i http://dora/v1/version >"$folder/answer"
holds "status" grep -q '^HTTP/1.1 200 ' "$folder/answer"
holds "type" grep -qi '^content-type: application/json' "$folder/answer"
holds "body" grep -q '"product":"pandora"' "$folder/answer"

# Slowly taken: the same bytes.
api http://dora/v1/openapi.json -o "$folder/fast"
api --limit-rate 16k http://dora/v1/openapi.json -o "$folder/slow"
holds "a slow reader gets the same" cmp "$folder/fast" "$folder/slow"
api --compressed http://dora/v1/openapi.json -o "$folder/compressed"
holds "a client that takes compression gets the same" cmp "$folder/fast" "$folder/compressed"

# HTTP/1.0 is answered and closed.
api --http1.0 -v http://dora/v1/version >"$folder/answer" 2>"$folder/trace"
holds "1.0: body" grep -q '"product":"pandora"' "$folder/answer"
holds "1.0: sent as such" grep -q '^> GET /v1/version HTTP/1.0' "$folder/trace"
holds "1.0: closed" grep -qi '^< connection: close' "$folder/trace"

# Several requests on one connection, an error among them.
api -w '%{http_code} %{num_connects}\n' -o /dev/null http://dora/v1/version -o /dev/null http://dora/v1/nothing \
    -o /dev/null http://dora/v1/services -o /dev/null http://dora/v1/boot >"$folder/answer"
printf '200 1\n404 0\n200 0\n200 0\n' >"$folder/expected"
holds "one connection for four requests" cmp "$folder/expected" "$folder/answer"

# HEAD has the length and no body; another verb is refused; so is what is not known.
api -I http://dora/v1/services >"$folder/answer"
holds "HEAD" grep -qi '^content-length: [1-9]' "$folder/answer"
api -i -X OPTIONS http://dora/v1/services >"$folder/answer"
holds "OPTIONS" grep -q '^HTTP/1.1 405 ' "$folder/answer"
api -i 'http://dora/v1/services?colour=red' >"$folder/answer"
holds "unknown parameter" grep -q "parameter 'colour' is not known" "$folder/answer"
code=0
api -f http://dora/v1/services/no-such >"$folder/answer" 2>&1 || code=$?
holds "curl -f sees the 404" test "$code" = 22

# Newer protocols: refused, or ignored when offered.
api -i --http2 http://dora/v1/version >"$folder/answer" 2>"$folder/trace"
holds "an offer of HTTP/2 is ignored" grep -q '^HTTP/1.1 200 ' "$folder/answer"
code=0
api --http2-prior-knowledge http://dora/v1/version >"$folder/answer" 2>"$folder/trace" || code=$?
holds "HTTP/2 without asking is refused" test "$code" != 0

# Bodies: announced with Expect, in chunks, slowly; one that is unknown is named.
padding=$(printf '%4000s' '')
printf '{"command":["/bin/sleep","1000"],%s"description":"a client of the tests"}' "$padding" >"$folder/body"
api -v -H 'Expect: 100-continue' -H 'Content-Type: application/json' --data-binary @"$folder/body" "http://dora/v1/run?name=$name" \
    >"$folder/answer" 2>"$folder/trace"
holds "Expect: told to go on" grep -q '^< HTTP/1.1 100 Continue' "$folder/trace"
holds "Expect: accepted" grep -q '^< HTTP/1.1 202 ' "$folder/trace"
holds "Expect: where the change is" grep -q '^< Location: /v1/changes/' "$folder/trace"
api -i -H 'Transfer-Encoding: chunked' --data-binary @"$folder/body" "http://dora/v1/run?name=$name" >"$folder/answer"
holds "chunks: the name is taken" grep -q '"error":"service.exists"' "$folder/answer"
api -i --limit-rate 8k --data-binary @"$folder/body" "http://dora/v1/run?name=$name" >"$folder/answer"
holds "slowly: the name is taken" grep -q '"error":"service.exists"' "$folder/answer"
api -i -d '{"command":["/bin/true"],"comand":1}' "http://dora/v1/run?name=$name-2" >"$folder/answer"
holds "unknown key of a body" grep -q 'comand' "$folder/answer"
holds "unknown key of a body: status" grep -q '^HTTP/1.1 400 ' "$folder/answer"
api -i -H 'Expect: tea' "http://dora/v1/version" >"$folder/answer"
holds "another expectation" grep -q '^HTTP/1.1 417 ' "$folder/answer"
head -c 2000000 /dev/zero >"$folder/large"
code=0
api -i -H 'Expect:' --data-binary @"$folder/large" "http://dora/v1/run?name=$name-3" >"$folder/answer" || code=$?
holds "too large a body is told so (curl: $code)" grep -q '^HTTP/1.1 413 ' "$folder/answer"

# Its end, waited for; then a web page tries.
api -X POST "http://dora/v1/services/$name/stop" >"$folder/answer"
id=$(sed 's/.*"id":"\([^"]*\)".*/\1/' "$folder/answer")
api "http://dora/v1/changes/$id?wait=20s" >"$folder/answer"
holds "the change has ended" grep -q '"status":"done"' "$folder/answer"
api -i -X POST -H 'Origin: http://example.org' "http://dora/v1/services/$name/start" >"$folder/answer"
holds "web pages change nothing" grep -q '"error":"access.cross-origin"' "$folder/answer"

# Streams: what is kept, then what comes, until the client has enough.
code=0
api -N --max-time 2 'http://dora/v1/events?follow=true' >"$folder/answer" 2>/dev/null || code=$?
holds "followed until the client's own limit" test "$code" = 28
holds "events: the service's end" grep -q "\"service\":\"$name\".*\"after\":\"stopped\"" "$folder/answer"
api 'http://dora/v1/logs?lines=5' >"$folder/answer"
holds "log lines" grep -q '"message":' "$folder/answer"

echo "curl: $checks checks"
