#!/bin/sh
# rendered by `investiq install`: the installed version, as its user and with its configuration
export INVESTIQ_CONFIG="$${INVESTIQ_CONFIG:-${config_file}}"
case "$$1" in install) ;; *)
    if [ "$$(id -u)" = 0 ] && id "${user}" >/dev/null 2>&1; then # what root made there, the service could not read
        cd "${state}" && exec setpriv --reuid=${user} --regid=${user} --init-groups -- "${current}/bin/python" -P -m investiq "$$@"
    fi ;;
esac
exec "${current}/bin/python" -P -m investiq "$$@"
