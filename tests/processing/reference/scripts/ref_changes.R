# Changes of means between two waves that the same people answered: survey's svyby with covmat and
# svycontrast on stacked rows, people as clusters and areas as strata. Run in scripts/; writes
# ../numbers/changes.json. Rows are the two waves of phq9_gad7; areas are bands of the first wave's sum,
# so that areas' means differ much and lastingly; some have no score, and cohorts are domains.
suppressPackageStartupMessages({library(survey); library(jsonlite)})
options(survey.lonely.psu = "adjust")
wave <- function(t) {
  d <- read.csv(sprintf("../data/phq9_gad7_t%d.csv", t))
  i <- seq_len(nrow(d)) - 1
  data.frame(person = i, wave = t, y = rowSums(d), w = if (t == 1) 1 + i %% 3 else 1 + (i %% 5) / 2,
             cohort = ifelse(i %% 4 == 0, "newcomer", "stayer"))
}
d <- rbind(wave(1), wave(2))
# People's own scores last by half, which the second file's do not.
d$y[d$wave == 2] <- (d$y[d$wave == 1] + d$y[d$wave == 2]) / 2
band <- floor(rank(d$y[d$wave == 1], ties.method = "first", na.last = TRUE) / 21)
d$area <- band[d$person + 1]
d$y[(d$person + d$wave) %% 17 == 0] <- NA
d$half <- ifelse(d$area %% 2 == 0, "even", "odd")
# A domain: survey 4.1-1 has no covmat where na.rm drops rows.
s <- subset(svydesign(ids = ~person, strata = ~area, weights = ~w, data = d), !is.na(y))
told <- function(by) {
  m <- svyby(~y, by, s, svymean, covmat = TRUE)
  names <- sub("^1\\.?", "", grep("^1", rownames(m), value = TRUE))
  change <- lapply(names, function(n) {
    ends <- paste0(1:2, if (n == "") "" else ".", n)
    v <- setNames(c(-1, 1), ends)
    c <- svycontrast(m, list(change = v))
    c(coef(c), SE(c), vcov(m)[ends[1], ends[2]])
  })
  list(name = names, change = sapply(change, `[`, 1), se = sapply(change, `[`, 2), covariance = sapply(change, `[`, 3))
}
out <- list(survey = as.character(packageVersion("survey")), study = told(~wave),
            half = told(~wave + half), cohort = told(~wave + cohort), area = told(~wave + area))
write(toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE), "../numbers/changes.json")
