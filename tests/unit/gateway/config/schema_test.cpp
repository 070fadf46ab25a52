#include "gateway/config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/config/yaml_document.hpp"
#include "support.hpp"

namespace gateway::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Shop {
  std::string name = "unnamed";
  unsigned floors = 1;
  std::vector<std::string> goods;
};

// A configuration whose only key is a list of maps.
class ListOfMaps : public ::testing::Test {
 protected:
  ListOfMaps() {
    root_.sections<Shop>("shops", shops_, [](Section& section, Shop& shop) {
      section.key("name", shop.name, non_empty_text(), "Its name.");
      auto& building = section.section("building");
      building.key("floors", shop.floors, integer<unsigned>(1, 9), "How high.");
      section.key("goods", list_field(shop.goods, one_of({"bread", "milk"})), "Sold.");
    });
  }

  void read(const std::string& yaml) {
    report_.enter("a.yml");
    root_.read(read_yaml(yaml).root, Section::Only::everything, root_, report_);
  }
  std::vector<std::string> problems() { return testing::texts_of(report_.problems()); }
  [[nodiscard]] std::string print() const {
    return root_.print([](const std::string& path) {
      return path == "shops[1].name" ? std::string("the second") : std::string();
    });
  }

  std::vector<Shop> shops_;
  Section root_;
  Report report_;
};

TEST_F(ListOfMaps, FillsAnItemForEachMap) {
  read("shops:\n  - name: corner\n    building: {floors: 2}\n    goods: [milk]\n  - {}\n");
  EXPECT_THAT(problems(), IsEmpty());
  ASSERT_EQ(shops_.size(), 2U);
  EXPECT_EQ(shops_[0].name, "corner");
  EXPECT_EQ(shops_[0].floors, 2U);
  EXPECT_THAT(shops_[0].goods, ElementsAre("milk"));
  EXPECT_EQ(shops_[1].name, "unnamed");
  EXPECT_TRUE(report_.given("shops[0].building.floors"));
  EXPECT_FALSE(report_.given("shops[1].name"));
}

TEST_F(ListOfMaps, IsReplacedByALaterSource) {
  read("shops: [{name: a}, {name: b}]\n");
  read("shops: [{name: c}]\n");
  ASSERT_EQ(shops_.size(), 1U);
  EXPECT_EQ(shops_[0].name, "c");
}

TEST_F(ListOfMaps, NamesTheItemThatIsWrong) {
  read("shops:\n  - name: a\n  - nam: b\n  - building:\n      floors: 10\n  - text\n");
  EXPECT_THAT(problems(),
              ElementsAre("a.yml:3:5: shops[1].nam: unknown key; did you mean 'name'?",
                          "a.yml:5:15: shops[2].building.floors: expected an integer from 1 to 9, "
                          "got \"10\"",
                          "a.yml:6:5: shops[3]: expected a map of keys, got text"));
}

TEST_F(ListOfMaps, IsNothingButAList) {
  read("shops: {name: a}\n");
  EXPECT_THAT(problems(),
              ElementsAre("a.yml:1:8: shops: expected a list, each item a map of keys, got a map"));
}

TEST_F(ListOfMaps, IsPrintedAsWhatItReads) {
  EXPECT_EQ(print(), "shops: []\n");
  read("shops: [{name: a, goods: [bread, milk]}, {building: {floors: 3}}]\n");
  const std::string text = print();
  EXPECT_EQ(text,
            "shops:\n"
            "  - name: \"a\"\n"
            "    building:\n"
            "      floors: 1\n"
            "    goods: [\"bread\", \"milk\"]\n"
            "  - name: \"unnamed\"  # the second\n"
            "    building:\n"
            "      floors: 3\n"
            "    goods: []\n");
  read("shops: []\n");
  read(text);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(print(), text);
}

TEST_F(ListOfMaps, TakesOverridesOfTheWholeAndOfOneItem) {
  root_.set("shops", "[{name: a}, {name: b}]", report_);
  root_.set("shops[1].name", "c", report_);
  root_.set("shops[0].building.floors", "4", report_);
  EXPECT_THAT(problems(), IsEmpty());
  ASSERT_EQ(shops_.size(), 2U);
  EXPECT_EQ(shops_[0].floors, 4U);
  EXPECT_EQ(shops_[1].name, "c");

  root_.set("shops[2].name", "d", report_);
  root_.set("shops.name", "d", report_);
  root_.set("shops[0]", "d", report_);
  root_.set("shops[x].name", "d", report_);
  EXPECT_THAT(problems(),
              ElementsAre(HasSubstr("shops[2]: there is no such item of shops"),
                          HasSubstr("shops.name: shops has no keys below it"),
                          HasSubstr("shops[0]: is a section; set its keys, such as shops[0].name"),
                          HasSubstr("shops[x]: unknown key; there are shops")));
}

TEST_F(ListOfMaps, StandsInTheReferenceWithoutNumbers) {
  EXPECT_THAT(testing::paths_of(root_),
              ElementsAre("shops[].name", "shops[].building.floors", "shops[].goods"));
}

}  // namespace
}  // namespace gateway::config
