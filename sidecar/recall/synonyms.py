"""Words that developers use for the same thing: who asks later seldom remembers the word that was used.

A small table by hand, of everyday technical English.  A word may stand in several groups; then it goes with the words
of each.  A group holds what can stand for each other in a statement or names its direction (`deploy`, `release`), not
whatever belongs to one subject, which is what the vectors see.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sidecar.index import stems

_GROUPS = """
    abandon drop discontinue discard scrap; abort cancel interrupt terminate; accelerate speedup faster optimize;
    acceptable allowed permitted okay fine; account login user; accuracy precision correctness;
    add append insert include; address url endpoint host ip location; admin administrator root superuser;
    advice recommendation suggestion; afterwards later subsequently; agree decide settle settled agreed consensus;
    agreement contract licence license; alarm alert page notification warning; algorithm method approach technique;
    allow permit let enable; amount quantity sum total count number; annual yearly; answer reply response respond;
    app application program software; approve approval sign-off signoff review accept authorize;
    archive backup copy snapshot dump; argument parameter option flag switch; array list vector;
    article paper publication; artifact build binary package; assign allocate give delegate;
    asynchronous async background deferred; attempt try retry; attribute property field column;
    author writer creator maintainer; authentication auth login signin sso credentials;
    authorization permission access role rights; automatic automated automatically unattended;
    available reachable accessible up; average mean median; avoid refrain never forbid; backend server api service;
    bandwidth throughput rate; bank payment; battery accumulator cell power;
    begin start launch kick-off initiate commence onset; benchmark measurement measure performance;
    bill invoice charge cost; board pcb device module; body payload content; boot startup start;
    border boundary edge limit; boss manager supervisor lead head; branch trunk main master;
    break outage downtime failure incident crash; broker queue kafka rabbitmq message bus;
    browser chrome firefox safari client; budget limit cap allowance quota; bug defect error fault issue; bulk batch;
    bundle pack package; bundler vite webpack rollup esbuild; buy purchase order procure acquire;
    cable wire wiring lead; cache caching memoize; calculate compute reckon work-out;
    calendar schedule date appointment; call invoke request; cap ceiling maximum max limit upper;
    capacity size volume; captcha bot challenge; capture record log; case casing uppercase lowercase capitals;
    certificate cert tls ssl https; change alter modify edit amend update switch; channel slack chat room;
    charge bill fee price cost; cheap inexpensive affordable; check verify validate test inspect;
    chip mcu microcontroller processor soc; choose pick select opt decide; ci pipeline workflow actions jenkins build;
    circumvent workaround bypass avoid; city town location place; class category type kind sort;
    clean cleanup purge prune sweep tidy vacuum; client customer consumer user; clock timer rtc time;
    close shut end finish; cloud aws gcp azure hosting hosted; cluster kubernetes k8s nodes;
    coach teacher instructor trainer; code source implementation; collaborator partner colleague coworker teammate;
    collect gather harvest scrape fetch; colour color hue shade palette; column field attribute;
    command order instruction; comment remark note annotation; commit check-in revision changeset;
    communicate talk speak contact; company firm vendor supplier manufacturer; compare comparison versus contrast;
    compile build; compiler toolchain gcc clang rustc; complain complaint objection criticism;
    complete finish finished done ready; compress zip gzip zstd compression shrink;
    computer machine laptop workstation pc; concurrency parallel simultaneous threads workers;
    config configuration setting settings preference; confirm acknowledge verify;
    conflict clash collision contradiction; connect link attach join pair; console terminal shell;
    consume use draw take; contact email phone reach; container docker podman image;
    convention style rule guideline standard practice; convert transform translate turn; cookie session token;
    corrupt broken damaged; cost price expense fee spend; country region nation locale; crash panic abort die fail;
    create make generate produce add; credential secret password key token;
    cron schedule scheduled nightly timer periodic; currency money euro dollar cents;
    current amperage amps milliamps draw consumption; current present latest now today's; cut reduce trim shorten;
    daily day nightly everyday; dashboard grafana panel overview; data dataset corpus records;
    database db postgres postgresql sqlite mysql datastore; date day deadline; deadline due cutoff submission date;
    debug troubleshoot diagnose investigate; decade years; decline refuse reject deny turn-down; decode parse read;
    decrease reduce lower drop shrink; default standard fallback preset; defect flaw fault bug;
    defer postpone delay push; delay latency lag wait; delete remove drop erase wipe; demo presentation showcase;
    dependency library package requirement; deploy release rollout ship publish deployment;
    deprecated obsolete outdated legacy old; describe explain document; design layout mockup figma;
    destination target goal; detect recognize identify spot discover notice; develop build implement program code;
    device gadget unit hardware sensor; diagram chart figure plot graph; dictionary map hash; differ vary;
    digit number figure; dimension size measurement width; directory folder path location; disable deactivate off;
    discount rebate reduction; disk drive storage ssd hdd volume; display screen monitor show lcd;
    dns nameserver domain; document doc file manual; documentation docs manual readme guide; domain hostname url site;
    dormant sleep idle standby inactive hibernate asleep; double twice duplicate; download fetch pull retrieve;
    draft outline version; drop fall decline; duplicate copy repeat double; duration length period time span;
    dwell stay remain; earn income revenue; editor ide vim vscode emacs; effect impact consequence result;
    electricity power current energy; eliminate remove get-rid; email mail newsletter inbox smtp; embedded firmware;
    emergency incident urgent; employ use hire; employer company organization; encoding charset utf-8 unicode;
    encrypt encryption cipher crypt; endpoint route url path; engine motor; enlarge increase grow expand;
    ensure guarantee; enter input type; environment env staging production; error exception failure;
    estimate guess forecast prediction; evaluate assess judge rate grade; event incident occurrence happening;
    example sample instance; exceed surpass above over; exchange swap trade;
    exclude omit skip ignore except leave-out; execute run launch; exhaust deplete run-out; exist live;
    expensive costly; experiment trial study run; expire expiry lapse ttl expiration timeout;
    export extract dump output; expose publish open; extension plugin addon add-on; external outside third-party;
    factory plant; fail break crash; failover redundancy replica standby; fast quick rapid speedy;
    favour prefer favorite favourite preferred; feature functionality capability; feedback comments review;
    fetch get load retrieve pull; figure image picture plot; file document; filter screen sieve; final last ultimate;
    find locate discover search; finding result discovery; firewall ufw iptables;
    fix repair solve resolve correct patch remedy; flash burn write program; follow obey adhere stick;
    font typeface lettering; forbid prohibit ban disallow never; forecast predict prediction;
    format layout form representation; formatter prettier black ruff; frame picture image;
    framework library toolkit react django; freeze frozen hang stuck; frequency rate interval often every;
    frontend client ui web browser; function method procedure routine; funding grant budget money; garbage junk waste;
    gateway proxy router ingress; generate produce create; gibberish noise garbage; goal aim objective target;
    gpu graphics cuda accelerator; grant scholarship funding; group team crew squad; grow increase rise;
    guard protect shield; guess estimate; hardware device board equipment; hash digest checksum sha;
    header heading title; heat temperature warm hot; helper utility assistant; hide conceal mask; hint tip clue;
    hold keep store retain; holiday vacation leave pto off; home house; hook trigger callback;
    hosting provider hoster host; hour hourly; id identifier uuid key; idea proposal suggestion; illness sick ill;
    import load ingest read; improve enhance better; incident outage accident postmortem; include contain cover;
    income revenue salary; increase raise grow bump; indent indentation tabs spaces; index catalogue catalog;
    infrastructure hosting servers; ingest import load intake; input entry; install setup deploy;
    integer int number whole; intern trainee student; internal private inside;
    interval period every frequency cadence; introduce add launch; investigate examine research look-into;
    irrigate watering water irrigation; issue ticket problem bug; item article entry product; job task worker;
    journal magazine venue conference; json yaml toml; keep retain retention hold preserve store; key pin;
    kind type sort; label tag name mark; language python rust typescript go java; large big huge;
    last previous final latest; latency delay response lag; launch go-live release start; layer level tier;
    leak leakage; learn train; leave quit resign depart; legal law lawyer; length duration long;
    library package dependency module crate; licence license mit gpl apache; lifetime ttl duration lifespan;
    limit cap restriction ceiling quota maximum; link url connection; linter lint eslint ruff clippy; load traffic;
    local on-prem on-site; locale language translation; location place site where; lock mutex; log logging logs;
    logo icon brand; look appearance; loop cycle iteration; loss deficit; mailbox inbox; maintain look-after care;
    maintainer owner responsible; malfunction failure fault; manager lead boss; mandatory required compulsory must;
    manual handbook guide; map chart; market shop store; maximum max most upper limit peak; measure metric gauge;
    meet meeting call standup sync; memory ram heap; merge combine join squash; message msg notification;
    metric measure indicator; migrate migration move port switch; minimum min least lower floor; minute min;
    mirror replica copy; missing absent lacking; mistake error slip; mock stub fake; model network classifier;
    monitor monitoring watch observe; month monthly; move relocate transfer migrate; name call title naming;
    network wifi lan ethernet; new fresh recent; node machine server; noisy loud; notify inform alert ping;
    null none nil empty; number count figure digit; object item entity; observe see notice; obtain get acquire;
    offline disconnected; often frequently frequency every; old former previous; omit skip leave-out;
    ongoing open pending unfinished outstanding; open pending unresolved outstanding todo left;
    operating os linux ubuntu debian; optimizer adam sgd; orchestrator kubernetes nomad airflow; origin source;
    outcome result; output result; overnight nightly night; own owner responsible;
    owner responsible charge maintainer in-charge; package module library; page webpage site; panel screen;
    parallel concurrent simultaneously; participant subject attendee; partition split shard;
    password passphrase secret pin; patch fix; pattern template; pause halt stop break; pay payment salary;
    payment stripe checkout billing; peak maximum highest; percentage percent share ratio;
    performance speed latency throughput; period interval time; permanent forever; permission access right allowed;
    person who people colleague; phone mobile cell; photo picture image; pin gpio; plan roadmap intend;
    plot graph chart figure; pointer reference; policy rule; poll polling query; port socket;
    portion share fraction part; postpone defer delay later; power energy watt consumption; practice convention habit;
    precision decimals accuracy rounding; prefer like favour rather; prefix suffix; preserve keep retain;
    prevent avoid block stop; previous former prior earlier; price cost; principal main primary; printer print;
    priority urgency severity; probe sensor; procedure process steps runbook; processor cpu core;
    production prod live; professor supervisor advisor prof; profile account; prohibit forbid ban;
    project repo repository; promise commit pledge; proof evidence; protect secure guard; protocol mqtt http grpc;
    prototype poc spike demo; provider vendor supplier; publish release post; pull fetch; punctual on-time;
    quality standard; query question request search; queue backlog; quick fast; random randomized seed;
    range interval span; rate speed frequency; ratio proportion share split; raw unprocessed original; reach contact;
    read load; reading measurement value; reason cause why because; reboot restart reset; receive get;
    recent latest new; recipient receiver addressee; recommend suggest advise; record entry row;
    recover restore recovery; reduce lower decrease; refactor rewrite restructure cleanup;
    region zone location datacenter; register sign-up enrol; regression regress; reject refuse decline;
    release version ship tag deploy; reliable stable robust; remain left stay; reminder notification; remote distant;
    remove delete drop; rename renamed name; repair fix; repeat retry again; replace swap substitute supersede switch;
    replica standby secondary; report summary; repository repo; request call; require need must; research study;
    reset clear; resolution dpi pixels; responsible owner charge accountable; restart reboot reload bounce;
    restore recover; restrict limit; result outcome finding; retention keep kept;
    retire decommission sunset shut-down; retry attempt backoff; return give; reveal show; revert rollback undo;
    review check approve; reviewer approver; revision version; rewrite port refactor; right permission; risk danger;
    role position; rotate rotation renew; round rounding; route path; routine habit; row record;
    rule policy convention; safe secure; salary pay wage; sample sampling; save store persist write;
    scale scaling grow; schedule timetable plan calendar; schema structure ddl migration; scientist researcher;
    score metric; screen display; script program; search find lookup query; seat licence; second sec;
    secondary replica backup; secret credential key; secure safe protect; segment part piece; select choose pick;
    sensor probe detector; separate split; sequence order; serialize encode format protobuf json;
    server host machine vm box; service daemon; session login; setting option config; severity priority; shape form;
    share fraction part; shop store; short brief; shut close; sign signature; signal sign; similar alike;
    site website page; size dimension bytes; slow sluggish; solution fix; sort order; source origin;
    space room storage; speaker talker; speed velocity fast rate; split partition divide ratio;
    spreadsheet excel csv sheet; stage phase step; staging test preview; standard norm; startup boot; state status;
    step phase stage; stop halt quit; storage disk drive store bucket; store keep save persist; student pupil;
    style format convention; subject topic; submit hand-in send; subscription plan; succeed work;
    suffix ending extension; supervisor advisor professor; supplier vendor provider; support help;
    switch change move replace; symptom sign; synchronize sync replicate; table relation; target goal; task todo job;
    teacher instructor; team group; temperature degrees celsius heat; template boilerplate;
    temporary interim provisional; terminal console; test spec; text string; theme design; thesis dissertation;
    threshold limit cutoff trigger; throttle rate-limit; ticket issue jira; timeout deadline; timezone utc;
    tool program utility; topic subject; track follow; traffic load requests; train fit; training learning;
    transfer move; translate convert; transmit send; trigger cause; trouble problem; type kind; unit measure;
    unreliable flaky unstable; update upgrade bump; upload push; use employ utilize; user customer; vacation holiday;
    variable var; vendor supplier; version release; video clip; view see; visitor guest; voice speech;
    volume loudness; voltage volts; vote poll; wait delay; wake wakeup; warehouse depot; warn alert; watch observe;
    weakness vulnerability; web internet online; webhook callback; weekly week; weight mass;
    wireless wifi lora bluetooth radio; word term; work job; worker job process; write compose; year annual
"""
"""Groups of words, each up to a semicolon."""


@cache
def _table() -> Mapping[str, frozenset[str]]:
    """Each word's others, as terms."""
    others: dict[str, set[str]] = {}
    for listed in _GROUPS.split(";"):
        group = {term for word in listed.split() for term in stems(word)[:1]}
        for term in sorted(group):
            others.setdefault(term, set()).update(group - {term})
    return {term: frozenset(group) for term, group in others.items()}


def synonyms(term: str) -> frozenset[str]:
    """The terms that may stand for a term; none for one that the table does not know."""
    return _table().get(term, frozenset())
