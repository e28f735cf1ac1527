# Error rates of keyed sheets and agreement of two keyings, by survey and psych. Run in scripts/; writes ../numbers/keying.json.
suppressMessages({library(survey); library(psych); library(jsonlite)})
set.seed(20261128)
m <- 40; n <- rep(c(55L, 60L, 48L, 60L), 10)
slip <- rbinom(m, 1, .1)
x <- rbinom(m, n, ifelse(slip == 1, .2, .004))
rows <- data.frame(sheet = rep(seq_len(m), n), y = unlist(mapply(function(k, e) c(rep(1, e), rep(0, k - e)), n, x)))
design <- svydesign(ids = ~sheet, weights = ~1, data = rows)
both <- confint(svyciprop(~y, design, method = "beta", level = .95))
one <- confint(svyciprop(~y, design, method = "beta", level = .90))  # its upper end: one-sided at .95
exact <- lapply(list(c(0, 240), c(2, 240), c(7, 1000), c(5, 5)), function(k) {
  t <- binom.test(k[1], k[2]); list(errors = k[1], fields = k[2], low = t$conf.int[1], high = t$conf.int[2],
    upper = binom.test(k[1], k[2], alternative = "less")$conf.int[2]) })
a <- sample(1:5, 200, TRUE, c(.4, .3, .15, .1, .05)); b <- ifelse(runif(200) < .08, sample(1:5, 200, TRUE), a)
kappa <- cohen.kappa(cbind(a, b))
write_json(list(
  made_with = list(R = as.character(getRversion()), survey = as.character(packageVersion("survey")), psych = as.character(packageVersion("psych"))),
  clustered = list(fields = n, errors = x, rate = coef(svymean(~y, design))[[1]], low = both[1], high = both[2], upper = one[2]),
  exact = exact, kappa = list(first = a, second = b, kappa = kappa$kappa)),
  "../numbers/keying.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
