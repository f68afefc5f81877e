"""Every event that a log of ours names, once, with its subject and what it means; a test reads all sources for others.

What a library logs is the event `library`, its text the field `message`. docs/logs.md shows this table.
"""

from __future__ import annotations

from typing import Final

from investiq.foundation.vocabulary import Subject

__all__ = ["EVENTS", "LIBRARY", "REQUEST", "subject_of"]

REQUEST: Final = "request"
LIBRARY: Final = "library"

EVENTS: Final[dict[str, tuple[Subject, str]]] = {
    # ---- every server ----
    REQUEST: (Subject.API, "a request was answered"),
    LIBRARY: (Subject.API, "a library or Python itself says something"),
    "background_step_failed": (Subject.API, "a task that runs by itself failed"),
    "background_step_recovered": (Subject.API, "it works again"),
    "check_broke": (Subject.API, "the check of a dependency failed itself"),
    "dependency_down": (Subject.API, "a dependency does not answer its check"),
    "dependency_up": (Subject.API, "it answers again"),
    "notification": (Subject.MONITORING, "a notification of ours was delivered, or was not"),
    "spans_not_taken": (Subject.API, "the collector does not take traces"),
    "spans_not_written": (Subject.API, "traces cannot be written to their file"),
    "spans_taken_again": (Subject.API, "the collector takes traces again"),
    "started": (Subject.API, "the process began its work"),
    "stopped": (Subject.API, "it ended in order"),
    "too_many_connections": (Subject.API, "a connection was refused or ended for a newer one"),
    "unhandled_error": (Subject.API, "a request failed for a reason that nobody foresaw"),
    # ---- keys and sessions ----
    "audit_head": (Subject.API, "the newest row of the audit log, remembered outside of its database"),
    "audit_log_broken": (Subject.API, "somebody wrote into the audit log"),
    "denial_not_kept": (Subject.API, "a refusal is missing in the audit log"),
    "key_file_is_revoked": (Subject.API, "the key in a file of ours was revoked"),
    "key_file_written": (Subject.API, "a key of this installation was made"),
    "key_use_not_noted": (Subject.API, "when a key was last used could not be written"),
    "logged_in": (Subject.API, "a session began"),
    "logged_out": (Subject.API, "a session ended"),
    "waiting_for_key": (Subject.API, "the agent waits for the API to make its key"),
    # ---- market ----
    "changed_file_not_served": (Subject.MARKET, "a price file changed, and what it holds now cannot be used"),
    "column_not_used": (Subject.MARKET, "a column of a price file has a name that means nothing here"),
    "files_read": (Subject.MARKET, "the price files were read"),
    "news_or_figures_without_prices": (Subject.MARKET, "there are news or figures of a symbol without prices"),
    "price_cache_damaged": (Subject.MARKET, "kept prices cannot be used and are read again"),
    "price_cache_not_read": (Subject.MARKET, "kept prices cannot be read"),
    "price_cache_not_written": (Subject.MARKET, "prices cannot be kept for the next start"),
    "prices_renewed": (Subject.MARKET, "changed price files are served"),
    "replay_lease_not_renewed": (Subject.MARKET, "the position of the replay could not be written"),
    # ---- analysis and signal models ----
    "engine_failed": (Subject.ANALYSIS, "an engine gave no answer"),
    "model_loaded": (Subject.SIGNALS, "a model serves"),
    "model_not_loaded": (Subject.SIGNALS, "the model on the disk cannot be served"),
    "training_sampled": (Subject.SIGNALS, "there is more history than training takes"),
    # ---- trading ----
    "breaker_unreadable": (Subject.TRADING, "the state of the breaker cannot be read: entries are denied"),
    "halt_not_kept_yet": (Subject.TRADING, "trading is halted, and the ledger has not kept it yet"),
    "impossible_report": (Subject.TRADING, "the broker reports of an order what cannot be"),
    "initial_cash_not_used": (Subject.TRADING, "the account was opened with other cash than is configured now"),
    "ledger_taken_over": (Subject.TRADING, "another process has the ledger: this one ends"),
    "monitoring_heard": (Subject.TRADING, "the heartbeat of the monitoring came"),
    "monitoring_lost": (Subject.TRADING, "no heartbeat came in time: trading halts"),
    "no_heartbeat": (Subject.TRADING, "what came as a heartbeat is none"),
    "open_doubts_wait": (Subject.TRADING, "orders in doubt wait for the broker"),
    "order_changed": (Subject.TRADING, "an order came to another status"),
    "order_denied": (Subject.TRADING, "an order was denied"),
    "order_in_doubt": (Subject.TRADING, "the broker did not say whether it has an order"),
    "trading_halted": (Subject.TRADING, "entries are denied from now on"),
    "trading_resumed": (Subject.TRADING, "entries are allowed again"),
    # ---- agent ----
    "already_ordered": (Subject.TRADING, "the agent had placed that order before"),
    "cycle_broke": (Subject.TRADING, "a cycle of the agent failed for a reason that nobody foresaw"),
    "cycle_failed": (Subject.TRADING, "a cycle of the agent failed"),
    "decision": (Subject.TRADING, "what the agent does about a symbol, and why"),
    "market_ended": (Subject.TRADING, "the replay is over"),
    "symbol_skipped": (Subject.TRADING, "the agent leaves a symbol out for a session"),
    # ---- console ----
    "callback_failed": (Subject.API, "the console could not answer its page"),
    "cancel_failed": (Subject.TRADING, "an order could not be cancelled in the console"),
    "change_failed": (Subject.API, "the API did not make a change"),
    "change_made": (Subject.API, "somebody changed something in the console"),
    "change_refused": (Subject.API, "somebody may not make a change"),
    "malformed_callback": (Subject.API, "a page sent what no page of the console sends"),
    "order_failed": (Subject.TRADING, "an order of the console was not placed"),
    "panel_failed": (Subject.MONITORING, "a panel could not be drawn"),
    "silence_ended": (Subject.MONITORING, "somebody ended a silence"),
    "silence_failed": (Subject.MONITORING, "a silence could not be made or ended"),
    "silence_made": (Subject.MONITORING, "somebody silenced an alert"),
    "silence_not_in_audit_log": (Subject.MONITORING, "a silence was made or ended, and the audit log does not say so"),
    # ---- supervisor and backups ----
    "backup_begins": (Subject.BACKUP, "a backup was started"),
    "backup_ended": (Subject.BACKUP, "it ended, with this code"),
    "backup_hangs": (Subject.BACKUP, "it took too long and was ended"),
    "control_request_dropped": (Subject.HOST, "who asked the supervisor did not wait for the answer"),
    "market_unknown": (Subject.BACKUP, "the schedule of backups cannot ask the API for the market"),
    "part_ended": (Subject.HOST, "a process ended by itself"),
    "part_healthy": (Subject.HOST, "a process answers"),
    "part_started": (Subject.HOST, "a process was started"),
    "part_unhealthy": (Subject.HOST, "a process does not answer"),
    "stack_failed": (Subject.HOST, "the stack ends, because a process cannot run"),
    "stack_phase": (Subject.HOST, "the stack starts, runs, or stops"),
    "stack_starting": (Subject.HOST, "the supervisor begins"),
    "supervision_failed": (Subject.HOST, "the supervisor failed at one process"),
}


def subject_of(event: str) -> str:
    """Its subject; empty for one that is not in the list."""
    known = EVENTS.get(event)
    return known[0].value if known else ""
