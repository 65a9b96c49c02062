/** A worker that never gets as far as listening. */
throw new Error('the test wanted it not to live');
