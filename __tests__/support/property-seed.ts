import fc from 'fast-check'

// Property tests draw the same values in every run, so that only a change of the code turns one red. The long checks,
// FC_RUNS=1000 and FUZZ_SECONDS=60, draw new ones.
if (!process.env.FC_RUNS && !process.env.FUZZ_SECONDS) fc.configureGlobal({ seed: 20261124 })
