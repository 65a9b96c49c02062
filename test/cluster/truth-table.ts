/** The situations that docs/situations.md lists, in the same words, and what those words mean for the election. */
import type { Memory, Rules } from '../../src/cluster/election.ts';
import { noMemory } from '../../src/cluster/election.ts';
import { type Observation, withFailure } from '../../src/cluster/observation.ts';
import { after, answer, failing, now, ours, primary, rules, theirs, unasked } from './scene.ts';

/** Situation, what the candidates say, before, the elected one, rule, alarm: a row of the document. */
export type Row = readonly [string, string, string, string, string, string];

// deno-fmt-ignore: one line a row, as in the document.
export const table: readonly Row[] = [
  // The start.
  ['the first probes are under way', 'a primary 1, b unasked', '-', 'none', 'firstRound', '-'],
  ['a healthy cluster', 'a primary 1, b standby 1, c standby 1', '-', 'a', 'onlyPrimary', '-'],
  ['a single server', 'a primary 1', '-', 'a', 'onlyPrimary', '-'],
  ['a candidate that cannot be reached', 'a primary 1, b down', '-', 'a', 'onlyPrimary', '-'],
  ['a new candidate of a known cluster', 'a primary 1, b unasked', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['only standbys', 'a standby 1, b standby 1', '-', 'none', 'noPrimary', '-'],
  ['no candidate answers', 'a down, b down', '-', 'none', 'noPrimary', '-'],

  // The primary goes.
  ['one probe of the primary failed', 'a primary 1 failed once, b standby 1', 'a on 1', 'a', 'incumbentInDoubt', '-'],
  ['`FAIL_AFTER` probes failed', 'a primary 1 failed twice, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['a failed probe of another candidate', 'a primary 1 failed once, b standby 1', 'b on 1', 'none', 'noPrimary', '-'],
  ['the last word of the primary is too old', 'a primary 1 too old, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['the primary was demoted', 'a standby 1, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['the primary became read-only', 'a read-only 1, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['a standby was promoted', 'a down, b primary 2', 'a on 1', 'b', 'onlyPrimary', '-'],
  ['a planned switchover', 'a standby 1, b primary 2', 'a on 1', 'b', 'onlyPrimary', '-'],
  ['promoted while the old primary is in doubt', 'a primary 1 failed once, b primary 2', 'a on 1', 'b', 'newestTimeline', '-'],
  ['promoted while the old primary is up', 'a primary 1, b primary 2, c standby 2', 'a on 1', 'b', 'newestTimeline', '-'],
  ['the same in the next election', 'a primary 1, b primary 2, c standby 2', 'b on 2', 'b', 'newestTimeline', '-'],
  ['another server on the timeline of the one that is gone', 'a down, b primary 1', 'a on 1', 'b', 'onlyPrimary', '-'],

  // The primary is up and rejects the probe, or cannot be asked from here.
  ['the primary rejects the probe', 'a primary 1 rejects, b standby 1', 'a on 1', 'a', 'incumbentRejecting', '-'],
  ['it rejects the probe for long', 'a primary 1 rejects for an hour, b standby 1', 'a on 1', 'a', 'incumbentRejecting', '-'],
  ['it rejects the probe after it was silent for a while', 'a primary 1 rejects after silence, b standby 1', 'a on 1', 'a', 'incumbentRejecting', '-'],
  ['it rejects the probe after it was silent for long', 'a primary 1 rejects after long silence, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['it rejects the probe after it may have started again', 'a primary 1 rejects after a start, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['it starts', 'a primary 1 starts, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['it rejects the probe, and another claims its role', 'a primary 1 rejects, b primary 1', 'a on 1', 'b', 'onlyPrimary', '-'],
  ['it rejects the probe, and another is promoted', 'a primary 1 rejects, b primary 2', 'a on 1', 'b', 'onlyPrimary', '-'],
  ['it rejects the probe, and a standby knows better', 'a primary 1 rejects, b standby 2', 'a on 1', 'none', 'noPrimary', '-'],
  ['it rejects the probe, and an old primary is up', 'a primary 2 rejects, b primary 1', 'a on 2', 'a', 'incumbentRejecting', '-'],
  ['it was a standby at last, and rejects the probe', 'a standby 1 rejects, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['another candidate rejects the probe', 'a primary 1 rejects, b standby 1', 'b on 1', 'none', 'noPrimary', '-'],
  ['all reject the probe at the start', 'a rejects, b rejects', '-', 'none', 'noPrimary', '-'],
  ['one rejects the probe at the start', 'a rejects, b primary 1', '-', 'b', 'onlyPrimary', '-'],
  ['the primary cannot be asked from here', 'a primary 1 not askable, b standby 1', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['it could not be asked for too long', 'a primary 1 too old not askable, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['it cannot be asked, and another claims its role', 'a primary 1 not askable, b primary 1', 'a on 1', 'a', 'splitBrainIncumbent', 'yes'],
  ['it cannot be asked, and another is promoted', 'a primary 1 not askable, b primary 2', 'a on 1', 'b', 'newestTimeline', '-'],
  ['it failed once and then cannot be asked', 'a primary 1 failed once not askable, b standby 1', 'a on 1', 'a', 'incumbentInDoubt', '-'],
  ['no candidate can be asked at the start', 'a not askable, b not askable', '-', 'none', 'noPrimary', '-'],

  // Old primaries.
  ['an old primary comes back', 'a primary 1, b primary 2', 'b on 2', 'b', 'newestTimeline', '-'],
  ['it comes back while the primary is down', 'a primary 1, b down', 'b on 2', 'none', 'noPrimary', '-'],
  ['the same, the gateway was restarted, a standby knows better', 'a primary 1, b down, c standby 2', '-', 'none', 'noPrimary', '-'],
  ['a standby has left the primary for a newer one', 'a primary 1, b down, c standby 2', 'a on 1', 'none', 'noPrimary', '-'],
  ['the same, and the primary is in doubt', 'a primary 1 failed once, c standby 2', 'a on 1', 'none', 'noPrimary', '-'],
  ['the standby that knew better fails', 'a primary 1, b down, c standby 2 failed once', '-', 'none', 'noPrimary', '-'],
  ['it stays silent', 'a primary 1, b down, c standby 2 failed twice', 'a on 1', 'none', 'noPrimary', '-'],
  ['its answer is too old', 'a primary 1, b down, c standby 2 too old', '-', 'none', 'noPrimary', '-'],
  ['it is silent, and the newer primary is there', 'a primary 1, b primary 2, c standby 2 failed twice', 'a on 1', 'b', 'newestTimeline', '-'],
  ['it comes back and knows better no more', 'a primary 1, b down, c standby 1', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['a newer primary that was never elected fails', 'a primary 1, b primary 2 failed twice', 'a on 1', 'none', 'noPrimary', '-'],
  ['a silent standby that knew better is foreign', 'a primary 1, b standby 1, c foreign standby 2 failed once', '-', 'a', 'onlyPrimary', '-'],
  ['the standby that knows better is foreign', 'a primary 1, b standby 1, c foreign standby 2', '-', 'a', 'onlyPrimary', '-'],
  ['a read-only server is on a newer timeline', 'a primary 1, b read-only 2', '-', 'none', 'noPrimary', '-'],
  ['two old primaries, and a standby knows better', 'a primary 1, b primary 1, c standby 2', '-', 'none', 'noPrimary', '-'],
  ['a standby lags behind the timeline', 'a primary 2, b standby 1', '-', 'a', 'onlyPrimary', '-'],
  ['restored from a backup, on an older timeline', 'a primary 3, b primary 1', '-', 'a', 'newestTimeline', '-'],
  ['restored from a backup, and the others are down', 'a down, b primary 1', 'a on 3', 'none', 'noPrimary', '-'],

  // Back to an older timeline.
  ['all follow an old primary, but not yet for long', 'a primary 1, b standby 1 from a, c standby 1 from a', 'b on 2, all follow a on 1 for 9.9 s', 'none', 'noPrimary', '-'],
  ['all have followed it for long enough', 'a primary 1, b standby 1 from a, c standby 1 from a', 'b on 2, all follow a on 1 for 10 s', 'a', 'everybodyFollows', '-'],
  ['a backup is restored, and all are rebuilt from it', 'a primary 1, b standby 1 from a', 'a on 3, all follow a on 1 for 10 s', 'a', 'everybodyFollows', '-'],
  ['one does not answer', 'a primary 1, b standby 1 from a, c down', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['one failed once', 'a primary 1, b standby 1 from a, c standby 1 from a failed once', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['the old primary itself failed once', 'a primary 1 failed once, b standby 1 from a', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['one was not asked yet', 'a primary 1, b standby 1 from a, c unasked', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['one follows no server, or is not seen to', 'a primary 1, b standby 1 from a, c standby 1', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['one follows another', 'a primary 1, b standby 1 from a, c standby 1 from b', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['one still shows the newer timeline', 'a primary 1, b standby 1 from a, c standby 2 from a', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['one is read-only', 'a primary 1, b standby 1 from a, c read-only 1', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['one is foreign', 'a primary 1, b standby 1 from a, c foreign standby 1 from a', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['one claims to be primary too', 'a primary 1, b standby 1 from a, c primary 1', 'b on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['the former primary is no candidate any more', 'a primary 1, b standby 1 from a', 'c on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['they have followed another one', 'a primary 1, b standby 1 from a', 'b on 2, all follow b on 1 for 10 s', 'none', 'noPrimary', '-'],
  ['there is no standby that could follow', 'a primary 1', 'a on 2, all follow a on 1 for 10 s', 'none', 'noPrimary', '-'],

  // Several primaries of one timeline.
  ['two primaries, one was primary before', 'a primary 2, b primary 2', 'b on 2', 'b', 'splitBrainIncumbent', 'yes'],
  ['the same, and it is in doubt', 'a primary 2, b primary 2 failed once', 'b on 2', 'b', 'splitBrainIncumbent', 'yes'],
  ['the same, and the standbys follow the other', 'a primary 2, b primary 2, c standby 2 from a', 'b on 2', 'b', 'splitBrainIncumbent', 'yes'],
  ['two primaries, none was before', 'a primary 2, b primary 2', '-', 'none', 'splitBrain', 'yes'],
  ['most standbys follow one', 'a primary 2, b primary 2, c standby 2 from b, d standby 2 from b, e standby 2 from a', '-', 'b', 'standbysVote', 'yes'],
  ['one standby follows one', 'a primary 2, b primary 2, c standby 2 from b', 'd on 2', 'b', 'standbysVote', 'yes'],
  ['as many standbys follow each', 'a primary 2, b primary 2, c standby 2 from a, d standby 2 from b', '-', 'none', 'splitBrain', 'yes'],
  ['of three, none is followed by more than half', 'a primary 1, b primary 1, c primary 1, d standby 1 from a, e standby 1 from b', '-', 'none', 'splitBrain', 'yes'],
  ['it is not visible which server the standbys follow', 'a primary 2, b primary 2, c standby 2', '-', 'none', 'splitBrain', 'yes'],
  ['the standbys follow another server', 'a primary 2, b primary 2, c standby 2 from d, d standby 2', '-', 'none', 'splitBrain', 'yes'],
  ['a standby that failed has no vote', 'a primary 2, b primary 2, c standby 2 from b failed once', '-', 'none', 'splitBrain', 'yes'],
  ['a foreign standby has no vote', 'a primary 2, b primary 2, c foreign standby 2 from b', '-', 'none', 'splitBrain', 'yes'],
  ['refused, though one was primary before', 'a primary 2, b primary 2', 'b on 2, SPLIT_BRAIN=refuse', 'none', 'splitBrain', 'yes'],
  ['refused, though the standbys follow one', 'a primary 2, b primary 2, c standby 2 from b', 'SPLIT_BRAIN=refuse', 'none', 'splitBrain', 'yes'],
  ['a newer timeline ends it', 'a primary 2, b primary 2, c primary 3', 'b on 2, SPLIT_BRAIN=refuse', 'c', 'newestTimeline', '-'],
  ['two names of one server', 'a primary 2, b primary 2 same as a', '-', 'a', 'onlyPrimary', '-'],
  ['one says the start of the primary and is another server', 'a primary 2, b primary 2 start of a, c standby 2', 'a on 2', 'a', 'splitBrainIncumbent', 'yes'],
  ['the same, and the gateway has just started', 'a primary 2, b primary 2 start of a, c standby 2 from a', '-', 'a', 'standbysVote', 'yes'],
  ['one says the start of the primary and was not asked whether it is that', 'a primary 2, b primary 2 perhaps a', 'a on 2', 'a', 'onlyPrimary', '-'],
  ['two say the same start and were not asked whether they are one', 'a primary 2, b primary 2 perhaps a', '-', 'none', 'firstRound', '-'],

  // What cannot be true, or is not believed.
  ['one alone claims a timeline far beyond all others', 'a primary 1, b standby 1, c primary 4000000000', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['the same leap, of a standby', 'a primary 1, b standby 1, c standby 4000000000', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['the same leap, and it has fallen silent', 'a primary 1, b standby 1, c standby 4000000000 failed twice', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['the same leap, and the primary is in doubt', 'a primary 1 failed once, b standby 1, c primary 40', 'a on 1', 'a', 'incumbentInDoubt', '-'],
  ['the same leap, and the primary rejects the probe', 'a primary 1 rejects, b standby 1, c standby 40', 'a on 1', 'a', 'incumbentRejecting', '-'],
  ['the same leap, and the standby is down', 'a primary 1, b standby 1 failed twice, c primary 40', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['the same leap, and the gateway has just started', 'a primary 1, b standby 1, c primary 40', '-', 'a', 'onlyPrimary', '-'],
  ['the same leap, and another one is promoted', 'a primary 1, b primary 2, c primary 40, d standby 1', 'a on 1', 'b', 'newestTimeline', '-'],
  ['two of them, each on its own', 'a primary 1, b standby 1, c primary 40, d standby 90', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['sixteen timelines at once', 'a primary 1, b standby 1, c primary 17', 'a on 1', 'c', 'newestTimeline', '-'],
  ['seventeen timelines at once', 'a primary 1, b standby 1, c primary 18', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['a standby confirms a leap', 'a primary 1, b standby 40, c primary 40', 'a on 1', 'c', 'newestTimeline', '-'],
  ['no other server stands beside the primary', 'a primary 1, c primary 40', 'a on 1', 'c', 'newestTimeline', '-'],
  ['the primary is gone before a leap', 'a down, b standby 1, c primary 40', 'a on 1', 'c', 'onlyPrimary', '-'],
  ['elected on a leap, and the primary before it comes back', 'a primary 1, b standby 1, c primary 40', 'c on 40 leapt from 1', 'c', 'newestTimeline', '-'],
  ['elected on a leap, and another one is promoted', 'a standby 1, b primary 2, c primary 40', 'c on 40 leapt from 1', 'b', 'onlyPrimary', '-'],
  ['elected on a leap, and gone', 'a primary 1, b standby 1, c primary 40 failed twice', 'c on 40 leapt from 1', 'none', 'noPrimary', '-'],
  ['elected on a leap, and gone for long', 'a primary 1, b standby 1, c primary 40 gone for 11 s', 'c on 40 leapt from 1', 'a', 'onlyPrimary', '-'],
  ['elected on a leap that was confirmed, and gone for long', 'a primary 1, b standby 1, c primary 40 gone for 11 s', 'c on 40', 'none', 'noPrimary', '-'],
  ['only a standby has shown a leap, and is gone for long', 'a primary 1, c standby 40 gone for 11 s', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['one that took back its word claims to be primary', 'a primary 1, b standby 1, c primary 2 flips', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['one that took back its word is a standby and knows better', 'a primary 1, b standby 1, c standby 2 flips', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['the primary took back its word', 'a primary 1 flips, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['the primary took back its word, and another one is promoted', 'a primary 1 flips, b primary 2', 'a on 1', 'b', 'onlyPrimary', '-'],

  // Other systems.
  ['a foreign primary beside ours', 'a primary 1, b standby 1, c foreign 9', '-', 'a', 'onlyPrimary', '-'],
  ['a foreign primary while ours is down', 'a down, b standby 1, c foreign 9', 'a on 1', 'none', 'noPrimary', '-'],
  ['a foreign server in the place of ours', 'a foreign 9, b standby 1', 'a on 1', 'none', 'noPrimary', '-'],
  ['as many of each system', 'a primary 1, b foreign 9', '-', 'none', 'unknownSystem', '-'],
  ['the same with `SYSTEM_IDENTIFIER`', 'a primary 1, b foreign 9', 'SYSTEM_IDENTIFIER=ours', 'a', 'onlyPrimary', '-'],

  // A new system at the old addresses.
  ['all belong to another system, but not yet for long', 'a foreign primary 1, b foreign standby 1', 'a on 5, all foreign for 9.9 s', 'none', 'noPrimary', '-'],
  ['all have belonged to it for long enough', 'a foreign primary 1, b foreign standby 1', 'a on 5, all foreign for 10 s', 'a', 'newSystem', '-'],
  ['a single server, set up anew', 'a foreign primary 1', 'a on 5, all foreign for 10 s', 'a', 'newSystem', '-'],
  ['its primary is another candidate than before', 'a foreign standby 1, b foreign primary 1', 'a on 5, all foreign for 10 s', 'b', 'newSystem', '-'],
  ['half of the candidates are down', 'a foreign primary 1, b down', 'a on 5, all foreign for 10 s', 'a', 'newSystem', '-'],
  ['more than half are down', 'a foreign primary 1, b down, c down', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],
  ['the one that was primary is down', 'a down, b foreign primary 1', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],
  ['it failed once', 'a foreign primary 1 failed once, b foreign standby 1', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],
  ['it is no candidate any more', 'b foreign primary 1, c foreign standby 1', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],
  ['one still belongs to ours', 'a foreign primary 1, b foreign standby 1, c standby 5', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],
  ['one rejects the probe', 'a foreign primary 1, b foreign standby 1, c rejects', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],
  ['one was not asked yet, and all others belong to it', 'a foreign primary 1, b unasked', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],
  ['another system has no primary', 'a foreign standby 1, b foreign standby 1', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],
  ['two servers of it claim to be primary', 'a foreign primary 1, b foreign primary 1', 'a on 5, all foreign for 10 s', 'none', 'splitBrain', 'yes'],
  ['`SYSTEM_IDENTIFIER` insists on ours', 'a foreign primary 1, b foreign standby 1', 'a on 5, all foreign for 10 s, SYSTEM_IDENTIFIER=ours', 'none', 'noPrimary', '-'],

  // What the probe may not see.
  ['no server shows its system or its timeline', 'a hidden primary ?, b hidden standby ?', '-', 'a', 'onlyPrimary', '-'],
  ['another of them becomes primary', 'a hidden standby ?, b hidden primary ?', 'a on 1', 'b', 'onlyPrimary', '-'],
  ['two of them are primary from the start', 'a hidden primary ?, b hidden primary ?', '-', 'none', 'splitBrain', 'yes'],
  ['a second of them becomes primary', 'a hidden primary ?, b hidden primary ?', 'a on 1', 'a', 'splitBrainIncumbent', 'yes'],
  ['they are primary, and one has most standbys', 'a hidden primary ?, b hidden primary ?, c hidden standby ? from b', '-', 'b', 'standbysVote', 'yes'],
  ['the primary hides its system', 'a hidden primary 1, b standby 1', '-', 'a', 'onlyPrimary', '-'],
  ['it hides its system, and a standby knows better', 'a hidden primary 1, b standby 2', '-', 'none', 'noPrimary', '-'],
  ['all hide their system, and a standby knows better', 'a hidden primary 1, b hidden standby 2', '-', 'none', 'noPrimary', '-'],
  ['`SYSTEM_IDENTIFIER` is set, and no server shows its system', 'a hidden primary 1, b hidden standby 1', 'SYSTEM_IDENTIFIER=ours', 'a', 'onlyPrimary', '-'],
  ['an old primary hides its system', 'a hidden primary 1, b primary 2', 'a on 1', 'b', 'newestTimeline', '-'],
  ['a standby that hides its system shows a newer timeline than ours', 'a primary 1, b hidden standby 9', '-', 'a', 'onlyPrimary', '-'],
  ['a primary that hides its system shows a newer timeline than ours', 'a primary 1, b hidden primary 9', 'a on 1', 'a', 'splitBrainIncumbent', 'yes'],
  ['it does so from the start', 'a primary 1, b hidden primary 9', '-', 'none', 'splitBrain', 'yes'],
  ['it does so, and the primary of ours is gone', 'a down, b hidden primary 9', 'a on 1', 'b', 'onlyPrimary', '-'],
  ['the systems differ, and one hides its own', 'a primary 1, b foreign primary 1, c hidden primary 1', '-', 'none', 'unknownSystem', '-'],
  ['the primary hides its timeline', 'a primary ?, b standby 1', '-', 'a', 'onlyPrimary', '-'],
  ['it hides its timeline, and a standby shows a newer one', 'a primary ?, b standby 2', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['the one that was promoted hides its timeline', 'a down, b primary ?', 'a on 1', 'b', 'onlyPrimary', '-'],
  ['the primary hides its timeline, and failed once', 'a primary ? failed once, b standby 1', 'a on 1', 'a', 'incumbentInDoubt', '-'],
  ['the primary hides its timeline, and rejects the probe', 'a primary ? rejects, b standby 1', 'a on 1', 'a', 'incumbentRejecting', '-'],
  ['another claims the role and hides its timeline', 'a primary 1, b primary ?', 'a on 1', 'a', 'splitBrainIncumbent', 'yes'],
  ['the primary hides its timeline, and another claims the role', 'a primary ?, b primary 1', 'a on 1', 'none', 'splitBrain', 'yes'],
  ['the other one has most standbys', 'a primary ?, b primary 1, c standby 1 from b', 'a on 1', 'b', 'standbysVote', 'yes'],
  ['the one that hides its timeline has most standbys', 'a primary 1, b primary ?, c standby 1 from b', '-', 'none', 'splitBrain', 'yes'],
  ['an old primary is back, and the primary hides its timeline', 'a primary 1, b primary ?', 'b on 2', 'b', 'onlyPrimary', '-'],
  ['all that show their system belong to another one', 'a foreign primary 1, b hidden standby 1', 'a on 5, all foreign for 10 s', 'none', 'noPrimary', '-'],

  // What lies, and what is hidden.
  ['a leap, and the primary hides its timeline', 'a primary ?, b standby 1, c primary 40', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['the same leap of a standby, and the primary hides its timeline', 'a primary ?, b standby 1, c standby 40', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['a leap, and the primary hides its timeline and is in doubt', 'a primary ? failed once, b standby 1, c primary 40', 'a on 1', 'a', 'incumbentInDoubt', '-'],
  ['a leap, and the primary hides its timeline and rejects the probe', 'a primary ? rejects, b standby 1, c primary 40', 'a on 1', 'a', 'incumbentRejecting', '-'],
  ['a leap, and all others hide their timeline', 'a primary ?, b standby ?, c primary 40', 'a on 1', 'none', 'splitBrain', 'yes'],
  ['a leap, the primary hides its timeline, and the gateway has just started', 'a primary ?, b standby 1, c primary 40', '-', 'none', 'splitBrain', 'yes'],
  ['a leap, and the only standby hides its timeline', 'a primary 1, b standby ?, c primary 40', 'a on 1', 'c', 'newestTimeline', '-'],
  ['another one hides its timeline, beside a leap', 'a primary 1, b standby 1, c primary ?, d primary 40', 'a on 1', 'a', 'splitBrainIncumbent', 'yes'],
  ['the same, and the primary before it is gone', 'a down, b standby 1, c primary ?, d primary 40', 'a on 1', 'none', 'splitBrain', 'yes'],
  ['elected on a leap, and then it hides its timeline', 'a primary 1, b standby 1, c primary ?', 'c on 40 leapt from 1', 'c', 'onlyPrimary', '-'],
  ['it hides its timeline, and is a standby now', 'a primary 1, b standby 1, c standby ?', 'c on 40 leapt from 1', 'a', 'onlyPrimary', '-'],
  ['it hides its timeline, and another one is promoted', 'a standby 1, b primary 2, c primary ?', 'c on 40 leapt from 1', 'none', 'splitBrain', 'yes'],
  ['it hides its timeline, and is gone for long', 'a primary 1, b standby 1, c primary ? gone for 11 s', 'c on 40 leapt from 1', 'a', 'onlyPrimary', '-'],
  ['a leap of one that hides its system', 'a primary 1, b standby 1, c hidden primary 40', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['a leap, and one that hides its system is as far', 'a primary 1, b standby 1, c primary 40, d hidden standby 40', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['a leap, and the only standby hides its system', 'a primary 1, b hidden standby 1, c primary 40', 'a on 1', 'c', 'newestTimeline', '-'],
  ['a leap, and all others hide their system', 'a hidden primary 1, b hidden standby 1, c primary 40', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['a leap, the primary hides its system, and the gateway has just started', 'a hidden primary 1, b standby 1, c primary 40', '-', 'c', 'newestTimeline', '-'],
  ['a leap, all others hide their system, and the gateway has just started', 'a hidden primary 1, b hidden standby 1, c primary 40', '-', 'c', 'newestTimeline', '-'],
  ['a leap, and all hide their system', 'a hidden primary 1, b hidden standby 1, c hidden standby 40', 'SYSTEM_IDENTIFIER=ours', 'a', 'onlyPrimary', '-'],
  ['one that took back its word hides its system and knows better', 'a hidden primary 1, b hidden standby 2 flips', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['one that took back its word hides its timeline', 'a primary 1, b standby 1, c primary ? flips', 'a on 1', 'a', 'onlyPrimary', '-'],
  ['another name of the primary hides its timeline', 'a primary 2, b primary ? same as a', 'a on 2', 'a', 'onlyPrimary', '-'],
  ['one that says the start of the primary shows the timeline that the primary hides', 'a primary ?, b primary 2 start of a', 'a on 2', 'none', 'splitBrain', 'yes'],
  ['the same, and was not asked whether it is that', 'a primary ?, b primary 2 perhaps a', 'a on 2', 'a', 'onlyPrimary', '-'],
];

/** What a row's second column says: `a primary 2 failed once, b standby 2 from a`. */
export function observationsOf(text: string): Observation[] {
  return text.split(', ').map((words) => {
    const match =
      /^(\w+) (down|unasked|(?:foreign|hidden)?(?: ?(?:primary|standby|read-only))?)(?: ?(\d+|\?))?(?: from (\w+))?(?: (same as|start of|perhaps) (\w+))?( too old)?(?: failed (once|twice))?(?: ?(rejects.*|starts|not askable|gone for .*|flips))?$/
        .exec(words);
    if (match === null) throw new Error(`what does "${words}" mean?`);
    const [, name = '', role = '', timeline, upstream, likeness, twin, isOld, failed, end = ''] = match;
    if (role === 'unasked') return unasked(name);
    if (role === 'down') return failing(unasked(name), 2);
    if (role === '') return ended(unasked(name), end);
    const said = primary(name, 0, {
      timeline: timeline === '?' ? undefined : Number(timeline),
      system: role.startsWith('hidden') ? undefined : role.startsWith('foreign') ? theirs : ours,
      inRecovery: role.endsWith('standby'),
      readOnly: role.endsWith('standby') || role.endsWith('read-only'),
      at: isOld ? now - rules.maxAgeMs - 1 : now - 10,
      upstream: upstream === undefined ? undefined : { host: `${upstream}.example`, port: 5432 },
      startedAt: answer(twin ?? name).startedAt,
      host: likeness === undefined || likeness === 'same as' ? '192.0.2.1' : '192.0.2.2',
      mark: likeness === 'start of' ? { own: 'b', since: now - 60_000, seen: ['b'] } : undefined,
    });
    return ended(failed === undefined ? said : failing(said, failed === 'once' ? 1 : 2, 'disconnected'), end);
  });
}

/** What the last probes of a candidate came to, as the end of its words says. */
function ended(before: Observation, end: string): Observation {
  const rejected = (observation: Observation) => failing(observation, 1, 'full');
  const since = (ageMs: number): Observation =>
    before.answer === undefined ? before : { ...before, answer: { ...before.answer, at: now - ageMs } };
  switch (end) {
    case '':
      return before;
    case 'rejects':
      return rejected(before);
    case 'rejects for an hour': {
      let observation = since(3_600_000);
      for (let at = now - 3_590_000; at <= now; at += 10_000) {
        observation = withFailure(observation, { at, kind: 'full', message: 'no slot' });
      }
      return observation;
    }
    case 'rejects after silence':
      return rejected(failing(since(30_000), 9, 'silent'));
    case 'rejects after long silence':
      return rejected(failing(since(61_000), 9, 'silent'));
    case 'rejects after a start':
      return rejected(failing(before, 1, 'starting'));
    case 'starts':
      return failing(before, 2, 'starting');
    case 'gone for 11 s':
      return failing(since(11_000), 9);
    case 'flips':
      return { ...before, distrust: { turns: [now - 10], until: now + 9_990, forMs: 10_000 } };
    case 'not askable':
      return failing(before, 3, 'local');
    default:
      throw new Error(`what does "${end}" mean?`);
  }
}

/** What a row's third column says: `b on 2, SPLIT_BRAIN=refuse`. */
export function circumstances(text: string): { readonly memory: Memory; readonly rules: Rules } {
  let memory = noMemory;
  let changed = rules;
  for (const words of text.split(', ')) {
    const [, name, timeline, base] = /^(\w+) on (\d+)(?: leapt from (\d+))?$/.exec(words) ?? [];
    const [, followed = '', older, seconds] = /^all follow (\w+) on (\d+) for ([\d.]+) s$/.exec(words) ?? [];
    const [, foreignSeconds] = /^all foreign for ([\d.]+) s$/.exec(words) ?? [];
    if (name !== undefined) {
      memory = { ...after(name, Number(timeline)), leaptFrom: base === undefined ? undefined : Number(base) };
    }
    if (seconds !== undefined) {
      const server = `${older} ${answer(followed).startedAt}`;
      memory = { ...memory, followed: { server, since: now - Number(seconds) * 1000 } };
    } else if (foreignSeconds !== undefined) {
      memory = { ...memory, moved: { system: theirs, since: now - Number(foreignSeconds) * 1000 } };
    } else if (words === 'SPLIT_BRAIN=refuse') changed = { ...changed, splitBrain: 'refuse' };
    else if (words === 'SYSTEM_IDENTIFIER=ours') changed = { ...changed, system: ours };
    else if (words !== '-' && name === undefined) throw new Error(`what does "${words}" mean?`);
  }
  return { memory, rules: changed };
}
