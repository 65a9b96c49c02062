-- The store and the sentinel of Stolon, acted out; see stolon.ts. One master, one synchronous standby, usePgrewind.

create table keeper (
  name text primary key,
  address text not null,
  -- What it has told last.
  info int not null default 0,
  boot text,
  told_db int,
  told_generation int,
  told_timeline int,
  told_lsn pg_lsn,
  told_branch pg_lsn,
  told_sync int[],
  -- What the sentinel made of it.
  seen_info int not null default 0,
  seen_at timestamptz,
  seen_boot text,
  failing_since timestamptz,
  healthy boolean not null default true,
  force_fail boolean not null default false
);

-- What each keeper shall make of its server, and how far it is. A server that has to begin anew gets a new number.
create table db (
  id int generated always as identity primary key,
  keeper text not null unique references keeper,
  role text not null,
  follows int,
  sync int[] not null default '{}',
  generation int not null default 1,
  changed_at timestamptz not null default clock_timestamp(),
  reached int not null default 0,
  failing_since timestamptz,
  healthy boolean not null default false,
  timeline int,
  lsn pg_lsn,
  -- Where its timeline has left the one before.
  branch pg_lsn,
  now_sync int[] not null default '{}',
  -- Those of `sync` that were seen to be synchronous: only they may be elected.
  known_sync int[] not null default '{}'
);

create table cluster (master int not null);

create function wanted(who text) returns table (
  id int, role text, generation int, boot text, source text, sync_names text, sync int[], followers text
) language sql as $$
  select d.id, d.role, d.generation, k.seen_boot, (select address from keeper where name = f.keeper),
    case when d.role <> 'master' then ''
      -- Nobody has this name: commits wait until there is a standby to wait for.
      when d.sync = '{}' then 'stolonfakestandby'
      when cardinality(d.sync) = 1 then 'stolon_' || d.sync[1]
      else cardinality(d.sync) || ' (stolon_' || array_to_string(d.sync, ',stolon_') || ')' end,
    d.sync,
    (select string_agg('stolon_' || id, ' ') from db where follows = d.id)
  from db d join keeper k on k.name = d.keeper left join db f on f.id = d.follows where d.keeper = who
$$;

create function told(who text, its_boot text, its_db int, its_generation int, its_timeline int, its_lsn pg_lsn,
  its_branch pg_lsn, its_sync int[]) returns void language sql as $$
  update keeper set info = info + 1, boot = its_boot, told_db = its_db, told_generation = its_generation,
    told_timeline = its_timeline, told_lsn = its_lsn, told_branch = its_branch, told_sync = its_sync where name = who
$$;

-- Whether a server that was here has left the way of the one that it shall follow.
create function is_branched(its_timeline int, its_lsn pg_lsn, from_db db) returns boolean language sql as $$
  select from_db.timeline < its_timeline or (from_db.timeline = its_timeline + 1 and from_db.branch < its_lsn)
$$;

create function is_good(d db) returns boolean language sql as $$
  select d.healthy and d.reached = d.generation
$$;

create function common(a int[], b int[]) returns int[] language sql as $$
  select array(select unnest(a) intersect select unnest(b) order by 1)
$$;

create function sentinel(nap interval, fail_interval interval) returns void language plpgsql as $$
declare
  now constant timestamptz := clock_timestamp();
  master db;
  chosen int;
  good int[];
  present int[];
  before int[];
  wants int[];
begin
  update keeper set seen_info = info, seen_at = now, seen_boot = boot where info <> seen_info;
  update keeper set failing_since = case when seen_at + nap >= now then null else coalesce(failing_since, now) end;
  update keeper set healthy = not force_fail and coalesce(failing_since + fail_interval >= now, true), force_fail = false;

  update db set reached = told_generation from keeper k
    where k.name = db.keeper and k.failing_since is null and told_db = db.id;
  update db set failing_since = coalesce(db.failing_since, now);
  update db set failing_since = null, timeline = told_timeline, lsn = told_lsn, branch = told_branch, now_sync = told_sync
    from keeper k
    where k.name = db.keeper and k.failing_since is null and told_db = db.id and told_lsn is not null;
  update db set healthy = k.healthy and coalesce(db.failing_since + fail_interval >= now, true)
    from keeper k where k.name = db.keeper;

  select db.* into master from db, cluster where db.id = cluster.master;
  if not master.healthy or (master.reached <> master.generation and master.changed_at < now - interval '30 s') then
    select id into chosen from db where role = 'standby' and is_good(db) and timeline = master.timeline
      and id = any (common(master.sync, master.known_sync)) limit 1;
    if chosen is null then return; end if;
    update cluster set master = chosen;
    -- The old one keeps its role, and its server runs on.
    update db set role = 'master', follows = null, sync = array_replace(master.sync, chosen, master.id),
      known_sync = '{}', generation = generation + 1, changed_at = now where id = chosen;
    return;
  end if;
  if not is_good(master) then return; end if;

  -- What must begin anew: below its keeper gets another number, on which it stops the server and rewinds it.
  delete from db where id <> master.id and (role = 'master' or (reached > 0 and is_branched(timeline, lsn, master)));

  present := array(select id from db where id <> master.id);
  good := array(select id from db where role = 'standby' and is_good(db));
  wants := master.sync;
  master.known_sync := common(master.known_sync || master.now_sync, wants);
  if not wants <@ (master.known_sync || good) then wants := master.known_sync; end if;
  if wants <@ master.known_sync then
    before := wants;
    wants := (common(before, good))[1:1];
    if wants = '{}' then
      wants := array(select id from db where id = any (good) and timeline = master.timeline order by lsn limit 1);
    end if;
    if wants = '{}' then wants := (common(before, present))[1:1]; end if;
    -- First both the old and the new one, then the new one alone: whoever is elected has all.
    if not wants <@ before then
      wants := array(select unnest(wants || common(before, present)) order by 1);
    end if;
  end if;
  update db set known_sync = common(master.known_sync, wants), sync = wants,
    generation = generation + (sync <> wants)::int, changed_at = now where id = master.id;

  insert into db (keeper, role, follows) select name, 'standby', master.id from keeper
    where healthy and seen_at is not null and name not in (select keeper from db);
  update db set follows = master.id, generation = generation + 1, changed_at = now
    where role = 'standby' and follows is distinct from master.id;
end
$$;
