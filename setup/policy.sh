# shellcheck shell=bash
# Keeps Debian from starting the services of packages while they are being installed.
#
# Every start goes through policy-rc.d (invoke-rc.d(8)): exit code 101 forbids it. Ours forbids the named services only,
# and asks the one that was there before about all others. It forbids nothing once the setup has ended, even if the
# setup was killed and could not put the old one back; the next setup does that.

policy=${policy:-/usr/sbin/policy-rc.d}
policy_before=$policy.before-investiq
policy_mark="put here by InvestIQ's setup"

# policy_deny PATTERN...: names of services, with the shell's wildcards.
policy_deny() {
    local patterns
    policy_restore
    patterns=$(IFS='|' && printf '%s' "$*")
    if [[ -e $policy || -L $policy ]]; then cp -a "$policy" "$policy_before"; fi
    cat >"$policy.new" <<SCRIPT
#!/bin/sh
# $policy_mark, for as long as process $$ installs packages.
question="\$*"
while [ "\${1#--}" != "\$1" ]; do shift; done
if kill -0 $$ 2>/dev/null; then
    case \${1%.service} in $patterns) exit 101 ;; esac
fi
if [ -x "$policy_before" ]; then exec "$policy_before" \$question; fi
# What invoke-rc.d does without a policy: no start outside the runlevels of the service, and none without an init.
case \$2 in "("*) exit 101 ;; esac
[ -e /sbin/init ] || exit 101
SCRIPT
    chmod 755 "$policy.new"
    mv -f "$policy.new" "$policy"
}

# policy_restore: the policy of before, byte for byte. Harmless when nothing was changed.
policy_restore() {
    rm -f "$policy.new"
    if grep -qsF "$policy_mark" "$policy"; then
        if [[ -e $policy_before || -L $policy_before ]]; then
            mv -f "$policy_before" "$policy"
        else
            rm -f "$policy"
        fi
    else
        rm -f "$policy_before" # killed between the copy and the change: the policy is still the old one
    fi
}
