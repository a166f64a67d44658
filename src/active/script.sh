# Makes the checks that its words name, CHECK_WORKERS at a time, and prints a line for each as soon as it is answered.
# Seven words a check: ID KIND ADDRESS PORT PATH NAME TIMES, a dash for none. Nothing in them is ever read as code.
# In the environment: CHECK_TIMEOUT in seconds, CHECK_HEADERS one a line.

seconds=${CHECK_TIMEOUT:-5}
workers=${CHECK_WORKERS:-16}

now() {
	read -r up rest </proc/uptime
	hundredths=1${up#*.}
	echo $((${up%.*} % 1000000 * 1000 + (hundredths - 100) * 10))
}

has() { command -v "$1" >/dev/null 2>&1; }

flat() { tr '\n\t\r' '   ' | cut -c 1-600; }

# KIND EXIT CODE CONNECTED REMOTE TEXT, for the check of this subshell
say() {
	printf '@doctor\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$id" "$attempt" $(($(now) - began)) "$@"
}

limited() {
	if has timeout; then timeout "$@"; else shift; "$@"; fi
}

http_by_curl() { # SCHEME
	scheme=$1 url=$1://$address:$port$path
	set -- -s -k -g -o /dev/null --noproxy '*' --max-time "$seconds" -w '%{http_code} %{time_connect} =%{remote_ip} %{errormsg}'
	if [ "$name" != - ]; then
		url=$scheme://$name:$port$path
		set -- "$@" --connect-to "::$address:$port" -H "Host: $name"
	fi
	while IFS= read -r header; do
		[ -n "$header" ] && set -- "$@" -H "$header"
	done <<-END
		$CHECK_HEADERS
	END
	said=$(curl "$@" "$url" </dev/null 2>/dev/null)
	result=$?
	read -r code connect remote text <<-END
		$(printf '%s' "$said" | flat)
	END
	connected=1
	case $connect in 0.000000 | '') connected=0 ;; esac
	say "$scheme" "$result" "${code:-000}" "$connected" "${remote#=}" "$text"
}

http_by_wget() { # SCHEME
	scheme=$1 url=$1://$address:$port$path
	set -- -S -O /dev/null -T "$seconds"
	[ "$name" = - ] || set -- "$@" --header "Host: $name"
	[ "$scheme" = https ] && set -- "$@" --no-check-certificate
	while IFS= read -r header; do
		[ -n "$header" ] && set -- "$@" --header "$header"
	done <<-END
		$CHECK_HEADERS
	END
	said=$(limited "$seconds" wget "$@" "$url" 2>&1 </dev/null)
	result=$?
	said=$(printf '%s' "$said" | flat)
	code=$(printf '%s' "$said" | sed -n 's/.*HTTP\/[0-9.]* \([0-9][0-9][0-9]\).*/\1/p')
	connected=0
	case $result:$said in
	*HTTP/*) result=0 connected=1 ;;
	*'bad address'*) result=6 ;;
	*refused* | *unreachable* | *'No route'*) result=7 ;;
	*'download timed out'*) result=28 connected=1 ;;
	124:* | 143:* | *'timed out'*) result=28 ;;
	*) result=99 ;;
	esac
	say "$scheme" "$result" "${code:-000}" "$connected" '-' "$said"
}

http() {
	if has curl; then http_by_curl "$1"; elif has wget; then http_by_wget "$1"; else say "$1" 127 000 0 - 'the image has neither curl nor wget'; fi
}

# What does not speak HTTP may speak TLS, and the other way round.
ask_http() {
	http "$kind"
	other=https
	[ "$kind" = https ] && other=http
	case $result:$code in
	0:400 | 1:* | 8:* | 35:* | 52:* | 56:*)
		began=$(now)
		http $other
		;;
	esac
}

# grpc.health.v1.Health/Check of the service in $path, or of the whole server. A message is a byte for "not compressed",
# four for its length, and its fields. What came back is told with its bytes 0 to 3 and 8 as digits.
grpc_by_curl() { # SCHEME
	spoken=grpc http2=--http2-prior-knowledge
	[ "$1" = https ] && spoken=grpcs http2=--http2
	service=${path#-}
	field=
	[ -n "$service" ] && field="\\012\\$(printf %o ${#service})"
	length=$((${#service} + ${#field} / 4))
	said=$({
		printf "\\0\\0\\0\\0\\$(printf %o "$length")$field%s" "$service" |
			curl -s -k -g --noproxy '*' --max-time "$seconds" $http2 -H 'Content-Type: application/grpc' -H 'TE: trailers' \
				--data-binary @- -o - -w '%{stderr}\n@%{exitcode} %{time_connect} =%{remote_ip} %{http_code} =%header{grpc-status} %{errormsg}\n' \
				"$1://$address:$port/grpc.health.v1.Health/Check" | tr '\000\001\002\003\010\n' '01238 ' | cut -c 1-40
	} 2>&1)
	read -r result connect remote code status text <<-END
		$(printf '%s' "$said" | sed -n 's/^@//p' | flat)
	END
	# Some reset the stream behind their answer.
	[ "${status:-=}" = = ] || result=0
	connected=1
	case $connect in 0.000000 | '') connected=0 ;; esac
	body=$(printf '%s' "$said" | sed '/^@/d' | tr -d '\n ')
	say "$spoken" "${result:-99}" "${code:-000}" "$connected" "${remote#=}" "${body:--} ${status:-=} $text"
}

# In the clear or over TLS; where curl can't, whether there is a connection.
ask_grpc() {
	has curl || { ask_tcp; return; }
	grpc_by_curl http
	case $result:$connected in
	0:* | 6:* | 7:* | 28:*) ;;
	[124]:0) ask_tcp ;;
	*)
		began=$(now)
		grpc_by_curl https
		;;
	esac
}

ask_tcp() {
	if has curl; then
		said=$(curl -s -g --noproxy '*' --max-time "$seconds" -o /dev/null -w '%{time_connect} =%{remote_ip} %{errormsg}' "telnet://$address:$port" </dev/null 2>/dev/null)
		result=$?
		read -r connect remote text <<-END
			$(printf '%s' "$said" | flat)
		END
		connected=1
		case $connect in 0.000000 | '') connected=0 ;; esac
		say tcp "$result" 000 "$connected" "${remote#=}" "$text"
	elif has nc; then
		if said=$(limited "$seconds" nc -w "$seconds" "$address" "$port" 2>&1 </dev/null); then
			say tcp 0 000 1 - ''
		else
			say tcp 7 000 0 - "$(printf '%s' "$said" | flat)"
		fi
	else
		say tcp 127 000 0 - 'the image has neither curl nor nc'
	fi
}

# A question to a name server is as good as any datagram: a closed port is told by the node that has it.
ask_udp() {
	has nslookup || { say udp 127 000 0 - 'the image has no nslookup'; return; }
	said=$(limited "$seconds" nslookup -timeout=2 -retry=1 "-port=$port" kubernetes.default "$address" 2>&1 </dev/null | flat)
	say udp 0 000 0 - "$said"
}

ask_dns() { # of the server in $address, or the pod's own
	has nslookup || { say dns 127 000 0 - 'the image has no nslookup'; return; }
	set -- "$name"
	[ "$address" = - ] || set -- "$name" "$address"
	said=$(limited "$seconds" nslookup "$@" 2>&1 </dev/null | flat)
	say dns 0 000 0 - "$said"
}

# The cluster's domain is in the search list, as NAMESPACE.svc.DOMAIN.
ask_full_name() {
	domain=$(sed -n 's/^search.* svc\.\([^ ]*\).*/\1/p' /etc/resolv.conf)
	name=$name.svc.${domain:-cluster.local}.
	ask_dns
}

ask_resolver() {
	say resolver 0 000 0 - "$(tr '\n' ';' </etc/resolv.conf | flat)"
}

# Listening: state 0A over TCP, 07 over UDP.
ask_sockets() {
	[ -r /proc/net/tcp ] || { say sockets 127 000 0 - 'the sockets can not be read'; return; }
	for protocol in tcp tcp6 udp udp6; do
		while read -r number here there state rest; do
			case $protocol$state in tcp0A | tcp60A | udp07 | udp607) printf '%s ' "$protocol/$here" ;; esac
		done <"/proc/net/$protocol" 2>/dev/null
	done | tr '\n' ' ' | cut -c 1-8000 | {
		read -r sockets
		say sockets 0 000 0 - "$sockets"
	}
}

check() {
	began=$(now)
	case $kind in
	http | https) ask_http ;;
	tcp) ask_tcp ;;
	grpc) ask_grpc ;;
	udp) ask_udp ;;
	dns) ask_dns ;;
	fullname) ask_full_name ;;
	resolver) ask_resolver ;;
	sockets) ask_sockets ;;
	esac
}

# Every so manieth check, in the order of the words.
work() { # WHICH WORD...
	turn=$1
	shift
	while [ $# -ge 7 ]; do
		id=$1 kind=$2 address=$3 port=$4 path=$5 name=$6 times=$7
		shift 7
		attempt=1
		while [ "$attempt" -le "$times" ]; do
			[ $((turn % workers)) -eq 0 ] && (check)
			turn=$((turn + 1)) attempt=$((attempt + 1))
		done
	done
}

worker=0
while [ "$worker" -lt "$workers" ]; do
	work "$worker" "$@" &
	worker=$((worker + 1))
done
wait
printf '@doctor\tend\n'
