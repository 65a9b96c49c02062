/**
 * A password as SCRAM takes it: SASLprep (RFC 4013) by PostgreSQL's rules (src/common/saslprep.c). Both sides prepare it, so a
 * no-break space in it is a space; one that may not be prepared is taken as it is. Only for SCRAM: MD5 and clear text take
 * all passwords as they are.
 *
 * RFC 3454 is about Unicode 3.2, and about the text before it is normalized, where PostgreSQL looks, too.
 */

/** Tables C.1.2 and B.1. */
const spaces = /[\u{a0}\u{1680}\u{2000}-\u{200b}\u{202f}\u{205f}\u{3000}]/gu;
const nothing = /[\u{ad}\u{34f}\u{1806}\u{180b}-\u{180d}\u{200c}\u{200d}\u{2060}\u{fe00}-\u{fe0f}\u{feff}]/gu;

/** Prohibited or unassigned (tables A.1 and C.1.2 to C.9), right to left (D.1), left to right (D.2), none of these. */
type CharacterClass = 'P' | 'R' | 'L' | 'N';

/** Of all code points from zero on: how many, in base 36, are of which class. */
const runs: string =
  'wPxNqL6NqL4NyP9N1LaN1L4N1L5NnL1NvL1N89L1PiLsP2mL2P9L2N7LeN2LeN5L9N1LhP1sN2PeNgPgN4P2N4P1L3P1N5P2N1L1N3L1' +
  'P1L1PkL1P18L1P12L1N9P3nL4N1P2N1xL1P12L2P2L6PgLxP12L2P7L1P13L1P1L1N6PhN1PnN1P3N1R1N1R2N1R1NbPrR5P5RnP1NeP' +
  '1R3P1R1PqR5PbRbNaPdN3R1N2tR7N1P7N2R7N2PaN5R1PeR2P1R1NrR3PrN1hP12RbN1R9bP2N1L1P1hL2P1N4L8N4L1N2P1L4N3PaL2' +
  'NdLgP1N2L1P8L2P2L2PmL1P7L1P1L3P4L2P1N1P3L4N2P2L2P2L1N9P1L4P2L1P3L2N2PcL2N7L7P1N2P6L4P2L2PmL1P7L1P2L1P2L1' +
  'P2L2P1N1P3L2N4P2N2P3NbP4L1P1L7PaL2N3LcP2N1L1P7L1P1L1P3L1PmL1P7L1P2L1P5L2P1N4L5N1P2N1L1P2L1N2P1LfP1L5PaLh' +
  'P1N2L1P8L2P2L2PmL1P7L1P2L2P4L2P1N2L1N1L3N3P2L2P2L1N8P1N1L4P2L1P3L4PbLhP1N1L1P6L3P3L1P4L3P2L1P1L1P2L3P2L3' +
  'P3L3P8L1P3L4P2L1N2L3P3L1P3L1N9P1LfPcLeP3L1P8L1P3L1PnL1PaL1P5L4P3N4L1P3N1P4N7P2N9P2L4PaLiP2L1P8L1P3L1PnL1' +
  'PaL1P5L4P1L1N5L1P1N2L1P2L2N7P2L7P1L1P2L4PaLiP2L1P8L1P3L1PnL1PgL4P3L3N2P3L1P3L1N9P1L8P2L4PaLiP2L1PiL3PoL1' +
  'P9L1P1L2P7L3P1N4P3L3N1P1N1P8LiP3LcP1cL1N2L7N4P1N7L8NdL11P2L1P1L2P2L1P1L2P1L6P4L1P7L1P3L1P1L1P1L2P2L1P4L1' +
  'N2L6N1P2N1L2P5L1P1L1P6N2PaL2P2LyPoL2NrL1N1L1N1L5NaL1PyL6PeN1L5N1L2N4L4P8N1P10N1P8L1N6L2P1L1cPyL1P5L1P2L1' +
  'P1L4N1L1N3P2N1L1N6PoL2N1yP12LaP15L2P1L4P2iL5P1wL5P2aL6P7L1P1rL1P1L1P4L2P7L1P1L1P4L2P13L1P1L1P4L2PvL1P1L1' +
  'P4L2P7L1P1L1P4L2P7L1P7L1PnL1PvL1P1L1P4L2P7L1P13L1PjL6PsLzP2dLcPhiLaPqL2N3P29LfPdL1P4L3NbPiL3N2L9PiL2NcPd' +
  'L1P3L1P2NcP1jL7N8L1N2LbN7L1N1L3PaLmPeN2PaL6P2gL8P15L1N11yP4cL4P2iL6PmL2P6L2P12L2P6L2P8L1P1L1P1L1P1L1PvL2' +
  'P1hL1P7L1N1L3N3L1P7L3N4L2P6L1P3NdL3N2P3L1P7L2NhPoN8PzN4P1NoP1N1L2PbN1LfNhPiNuPrNlP2N1L4N1L2NaL1N1L3N5L6N' +
  '1L1N1L1N1L1N4L1N3L1N7L1N2P3L5N5L2N7PdN10LcPbqN1xLqN1L1lN1dP13NpPbNlP1oN26LlN1P7oN2P2N1P2tN2PaN3bP4N1P4N2' +
  'PsN1PzN1P1N1P4N3P1N1P7N2P1gN3PoN1PeNhPsN4PlsNowPqN1P2hNcP5yN17P4N3LpN9L7N5L2N5L3N1P2eL2P4N3L1N2iL1N4L5P1' +
  '4L4P2mL1P14L1kP19L3P10LdPfNsL3P1eLfNcL4P1bL1P3bL4P2rL2PvL1P52uL22Pg4mL2iPwdL3P1jN1fdP8mcL6l8P8eL2P1nL45P' +
  '7LcP5L5P1R1NaR1NdR1P5R1P1R1P2R1P2R1P30RxPa3R2NgP1sR2P1iR14PdR3PgNgP4NcPnN2PaN1PjN1P4N4P5R1P3rR4PwNqL6NqL' +
  'bN2hL3P6L2P6L2P6L2P3L3P7N1P7NltPvL1P4LcPrL51P12L2P12L148iP6uLaP13L3P1pL3N9L8P8N2L7NuL4N1cLf6P2dL1P1zL1P2' +
  'L2P1L2P2L2P4L1PcL1P1L1P4L1P2L1P1tL1P4L2P8L1P7L1PsL1P4L1P5L1P1L3P7L1P9eL4P82L4P1eN7wgPwyfLg15Pf2Ljp42P';

interface Run {
  /** The first code point after it. */
  readonly end: number;
  readonly is: CharacterClass;
}

let table: readonly Run[] | undefined;

/** Made when the first password needs it: most are ASCII. */
function classes(): readonly Run[] {
  let end = 0;
  return table ??= Array.from(runs.matchAll(/([0-9a-z]+)([PRLN])/g), ([, length, is]) => ({
    end: end += parseInt(length!, 36),
    is: is as CharacterClass,
  }));
}

function classOf(character: string): CharacterClass {
  const point = character.codePointAt(0)!;
  return classes().find(({ end }) => point < end)!.is;
}

export function saslPrepared(password: string): string {
  if (/^[\0-\x7f]*$/.test(password)) return password;
  const mapped = password.replace(spaces, ' ').replace(nothing, '');
  const is = Array.from(mapped, classOf);
  const isProhibited = is.length === 0 || is.includes('P');
  const isMixed = is.includes('R') && (is.includes('L') || is[0] !== 'R' || is.at(-1) !== 'R');
  return isProhibited || isMixed ? password : mapped.normalize('NFKC');
}
