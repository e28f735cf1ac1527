# Clustered variances of weighted fixed-effects regressions, and p values adjusted for many tests.
# Run in scripts/; writes ../numbers/effects.json.
suppressPackageStartupMessages({library(clubSandwich); library(jsonlite)})
d <- read.csv("../data/castle.csv")
d$start <- ifelse(is.na(d$effyear), 0, d$effyear)
d$y <- log(d$homicide)
d$law <- as.integer(d$start > 0 & d$year >= d$start)
d$third <- d$sid %/% 3
told <- function(m, cluster) {
  one <- function(type) {
    t <- as.data.frame(coef_test(m, vcov = vcovCR(m, cluster, type), test = "Satterthwaite"))["law", ]
    list(est = t$beta, se = t$SE, df = t$df_Satt)
  }
  lapply(c(CR0 = "CR0", CR2 = "CR2"), one)
}
out <- list(
  clubSandwich = as.character(packageVersion("clubSandwich")),
  plain = told(lm(y ~ law + factor(state) + factor(year), d), d$state),
  weighted = told(lm(y ~ law + factor(state) + factor(year), d, weights = population), d$state),
  coarse = told(lm(y ~ law + factor(state) + factor(year) + poverty + unemployrt, d, weights = population), d$third),
  p = c(.001, .04, .03, .2, .04, .011),
  holm = p.adjust(c(.001, .04, .03, .2, .04, .011), "holm"),
  bh = p.adjust(c(.001, .04, .03, .2, .04, .011), "BH"))
write(toJSON(out, digits = 10, auto_unbox = TRUE, pretty = TRUE), "../numbers/effects.json")
