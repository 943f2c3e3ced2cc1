"""The journal's tables, as numbered patches: patch n brings format n-1 to format n.

A patch that was released is never edited.
"""

from __future__ import annotations

_FIRST = """
create table shown (
    only integer primary key check (only = 1),
    plan text not null,
    settings text not null,
    at text not null,
    run text not null default ''
) strict;
create table run (
    id text primary key,
    plan text not null,
    settings text not null,
    state text not null,
    created text not null,
    ended text,
    error text not null default '{}',
    baseline text not null default '',
    waits_for text not null default '',
    waits text not null default ''
) strict;
create table attempt (
    token integer primary key autoincrement,
    run text not null references run (id),
    job text not null,
    bounds text not null,
    started text not null,
    cancelled text,
    cancelled_by text not null default '',
    forced text,
    ended text,
    how text not null default ''
) strict;
create table step (
    run text not null references run (id),
    id text not null,
    position integer not null,
    state text not null,
    round integer not null default 1,
    started text,
    ended text,
    note text not null default '',
    error text not null default '',
    primary key (run, id)
) strict;
create table operation (
    id integer primary key autoincrement,
    run text not null,
    step text not null,
    round integer not null,
    key text not null,
    request text not null,
    watermark integer not null,
    intended text not null,
    model_time text,
    task integer,
    verdict text,
    result text not null default '{}',
    unique (run, step, round, key)
) strict;
create table mark (
    run text not null references run (id),
    id text not null,
    kind text not null,
    target text not null,
    data text not null,
    state text not null,
    step text not null,
    at text not null,
    note text not null default '',
    primary key (run, id)
) strict;
create table event (
    seq integer primary key autoincrement,
    run text not null,
    at text not null,
    what text not null,
    data text not null
) strict;
create index operation_of_step on operation (run, step, round);
create index event_of_run on event (run, seq);
"""

# What is asked for again and again is found without a look at all that a run has sent or switched.
_FINDS = """
create index operation_open on operation (run) where verdict is null;
create index operation_sent on operation (run, step) where task is not null;
create index operation_doubtful on operation (run) where instr(result, '"doubtful"') > 0;
create index operation_late on operation (run) where instr(result, '"late"') > 0;
create index step_running on step (run, position) where state = 'running';
create index mark_switched on mark (run, at, id) where state <> 'put-back';
"""

# What people read is kept as a key of the catalogue and its values. Older versions kept sentences:
# they stay where they are and are shown, and nothing is decided by them.
_DATA = """
alter table run add column waits_for_data text not null default 'told-in-words';
alter table run add column waits_data text not null default 'told-in-words';
alter table step add column note_data text not null default 'told-in-words';
alter table step add column error_data text not null default 'told-in-words';
alter table mark add column note_data text not null default 'told-in-words';
"""

PATCHES: tuple[str, ...] = (_FIRST, _FINDS, _DATA)

FORMAT = len(PATCHES)
WITH_DATA = 3  # the first format with texts as data
